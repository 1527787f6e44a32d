#include "common/metrics/metric.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <ostream>
#include <streambuf>

namespace farshore {
namespace {

std::string_view type_name(MetricType type) { return type == MetricType::Counter ? "counter" : "gauge"; }

// "|" would end the cell.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string labels_of(const prometheus::ClientMetric& metric) {
  std::string names;
  for (const prometheus::ClientMetric::Label& label : metric.label)
    names += (names.empty() ? "" : " ") + label.name;
  return names;
}

// Into one string that is large enough from the start: two thirds of the time for a page of 200 servers went
// into growing a stringbuf.
class StringSink final : public std::streambuf {
 public:
  explicit StringSink(size_t expected) { text_.reserve(expected); }
  const std::string& text() const& { return text_; }
  std::string text() && { return std::move(text_); }

 private:
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    text_.append(data, static_cast<size_t>(size));
    return size;
  }
  int_type overflow(int_type c) override {
    if (c != traits_type::eof()) text_ += traits_type::to_char_type(c);
    return 0;
  }

  std::string text_;
};

}  // namespace

std::string_view unit_of(const Metric& metric) {
  std::string_view name = metric.name;
  if (name.ends_with("_total")) name.remove_suffix(std::string_view("_total").size());
  for (const auto& [suffix, unit] :
       {std::pair<std::string_view, std::string_view>{"_timestamp_seconds", "unix seconds"},
        {"_time_seconds", "unix seconds"},
        {"_seconds", "seconds"},
        {"_bytes", "bytes"},
        {"_ratio", "ratio"},
        {"_info", "info"}})
    if (name.ends_with(suffix)) return unit;
  return "";
}

FamilyBuilder::FamilyBuilder(const Metric& metric) {
  family_.name = metric.name;
  family_.help = metric.help;
  family_.type = metric.type;
}

FamilyBuilder& FamilyBuilder::add(double value, const Labels& labels) {
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  for (const auto& [label, text] : labels) metric.label.push_back({label, text});
  (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return *this;
}

void FamilyBuilder::append_to(MetricFamilies& families) {
  if (!family_.metric.empty()) families.push_back(std::move(family_));
}

std::string render_families(const MetricFamilies& families) {
  static std::atomic<size_t> last_size = 0;
  StringSink sink(last_size + last_size / 16);
  std::ostream out(&sink);
  prometheus::TextSerializer().Serialize(out, families);
  last_size = sink.text().size();
  return std::move(sink).text();
}

void print_reference(std::ostream& out, std::span<const Metric> metrics) {
  std::vector<Metric> rows(metrics.begin(), metrics.end());
  std::ranges::sort(rows, {}, [](const Metric& metric) { return std::string_view(metric.name); });
  out << "| metric | type | unit | labels | source | meaning |\n|---|---|---|---|---|---|\n";
  for (const Metric& metric : rows)
    out << fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", metric.name, type_name(metric.type),
                       unit_of(metric), cell(metric.labels), cell(metric.source), cell(metric.help));
}

std::vector<std::string> find_undeclared(const MetricFamilies& families, std::span<const Metric> known) {
  std::vector<std::string> faults;
  for (const prometheus::MetricFamily& family : families) {
    const auto found =
        std::ranges::find_if(known, [&](const Metric& metric) { return family.name == metric.name; });
    if (found == known.end()) {
      faults.push_back(fmt::format("{} is declared nowhere", family.name));
      continue;
    }
    if (family.type != found->type || family.help != found->help)
      faults.push_back(fmt::format("{} has another type or help than declared", family.name));
    for (const prometheus::ClientMetric& metric : family.metric)
      if (labels_of(metric) != found->labels)
        faults.push_back(
            fmt::format("{} has labels '{}', declared '{}'", family.name, labels_of(metric), found->labels));
  }
  return faults;
}

}  // namespace farshore

#include "actuator/alerts/vote_query.h"

#include <charconv>
#include <cmath>

#include "common/json/json_value.h"

namespace farshore {
namespace {

// A string literal of PromQL: the value can end neither the literal nor the query.
std::string quoted(const std::string& value) {
  std::string result = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + '"';
}

std::optional<double> read_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::string vote_query(const VoteQuestion& question) {
  const std::string alert = fmt::format(
      R"(ALERTS{{alertname={},alertstate="firing",cluster={},epoch="{}",server={}}})",
      quoted(question.alertname), quoted(question.cluster), question.epoch, quoted(question.primary));
  const std::string server =
      fmt::format("{{cluster={},server={}}}", quoted(question.cluster), quoted(question.primary));
  // timestamp() tells the age of a sample only of a bare selector; of an expression it tells the time of the
  // evaluation, which is always now.
  // An exporter that serves an old snapshot saw nothing lately, however fresh the scrape.
  const std::string live = fmt::format(
      "timestamp(farshore_pg_up{0}) and (farshore_pg_up{0} == 1) and (farshore_pg_in_recovery{0} == 0) "
      "and on (vantage, instance) farshore_snapshot_age_seconds <= 3",
      server);
  return fmt::format(R"(label_replace(min(time() - timestamp({})), "farshore_vote", "firing", "", "") or )"
                     R"(label_replace(min(time() - ({})), "farshore_vote", "live", "", ""))",
                     alert, live);
}

Result<VoteAges> read_vote_answer(const std::string& body) {
  const auto garbage = [] {
    return fail(ErrorCode::kUnavailable, "the answer is not of the Prometheus API");
  };
  const auto json = parse_json(body);
  if (!json || json->get_string("status").value_or("") != "success") return garbage();
  const auto data = json->get_object("data");
  if (!data || data->get_string("resultType").value_or("") != "vector") return garbage();
  const auto result = data->get_array("result");
  if (!result) return garbage();
  VoteAges ages;
  for (const JsonValue& element : *result) {
    const auto metric = element.get_object("metric");
    const auto value = element.get_array("value");
    if (!metric || !value || value->size() != 2) return garbage();
    const std::string kind = metric->get_string("farshore_vote").value_or("");
    const std::optional<double> age = read_number((*value)[1].as_string().value_or(""));
    if (!age || (kind != "firing" && kind != "live")) return garbage();
    (kind == "firing" ? ages.firing_seconds : ages.live_seconds) = age;
  }
  return ages;
}

}  // namespace farshore

#include "exporter/watch/file_marker.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace farshore {
namespace {

constexpr std::string_view kFormat = "farshore-filesync/1";
constexpr std::string_view kKeys[] = {"format", "result", "attempt_time", "source_time", "finished_time",
                                      "files",  "bytes",  "failed_syncs", "failure"};
constexpr int64_t kLargestNumber = int64_t{1} << 53;  // what a sample holds exactly
constexpr int64_t kLatestTime = 9214646400;           // the year 2262: nanoseconds hold no more

using Fields = std::map<std::string_view, std::string_view>;

Result<Fields> split(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail(ErrorCode::kCorrupt, "the last line breaks off");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return fail(ErrorCode::kCorrupt, "a line is no key=value");
    const auto* const key = std::ranges::find(kKeys, line.substr(0, equals));
    if (key == std::end(kKeys)) return fail(ErrorCode::kCorrupt, "a key is not known");
    if (!fields.try_emplace(*key, line.substr(equals + 1)).second)
      return fail(ErrorCode::kCorrupt, "{} is there twice", *key);
  }
  return fields;
}

Result<int64_t> number(const Fields& fields, std::string_view key, int64_t largest) {
  const auto found = fields.find(key);
  if (found == fields.end()) return fail(ErrorCode::kCorrupt, "{} is missing", key);
  const std::string_view text = found->second;
  int64_t value = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || after != text.data() + text.size() || value < 0 || value > largest)
    return fail(ErrorCode::kCorrupt, "{} is no number in its bounds", key);
  return value;
}

Result<WallTime> time(const Fields& fields, std::string_view key) {
  const Result<int64_t> value = number(fields, key, kLatestTime);
  if (!value) return tl::unexpected(value.error());
  return WallTime(seconds(*value));
}

Result<std::optional<GoodSync>> read_good(const Fields& fields) {
  constexpr std::string_view kOfGood[] = {"source_time", "finished_time", "files", "bytes"};
  if (std::ranges::none_of(kOfGood, [&](std::string_view key) { return fields.contains(key); }))
    return std::nullopt;
  const auto source = time(fields, "source_time"), finished = time(fields, "finished_time");
  const auto files = number(fields, "files", kLargestNumber), bytes = number(fields, "bytes", kLargestNumber);
  for (const auto* each : {&source, &finished})
    if (!*each) return tl::unexpected(each->error());
  for (const auto* each : {&files, &bytes})
    if (!*each) return tl::unexpected(each->error());
  if (*finished < *source) return fail(ErrorCode::kCorrupt, "the last good run ended before it began");
  return GoodSync{*source, *finished, *files, *bytes};
}

// Empty for a good run.
Result<std::string_view> read_failure(const Fields& fields) {
  const auto result = fields.find("result"), failure = fields.find("failure");
  if (result == fields.end()) return fail(ErrorCode::kCorrupt, "result is missing");
  if (result->second == "ok" && failure == fields.end()) return std::string_view();
  if (result->second != "failed" || failure == fields.end())
    return fail(ErrorCode::kCorrupt, "result and failure do not go together");
  const auto* const known = std::ranges::find(kSyncFailures, failure->second);
  if (known == std::end(kSyncFailures)) return fail(ErrorCode::kCorrupt, "failure is no word of the format");
  return *known;
}

}  // namespace

Result<FileMarker> parse_marker(std::string_view text) {
  if (text.size() > kMaxMarkerBytes)
    return fail(ErrorCode::kCorrupt, "larger than {} bytes", kMaxMarkerBytes);
  const Result<Fields> fields = split(text);
  if (!fields) return tl::unexpected(fields.error());
  const auto format = fields->find("format");
  if (format == fields->end() || format->second != kFormat)
    return fail(ErrorCode::kCorrupt, "is not of format {}", kFormat);
  const Result<std::string_view> failure = read_failure(*fields);
  if (!failure) return tl::unexpected(failure.error());
  const Result<WallTime> attempt = time(*fields, "attempt_time");
  if (!attempt) return tl::unexpected(attempt.error());
  const Result<int64_t> failed = number(*fields, "failed_syncs", kLargestNumber);
  if (!failed) return tl::unexpected(failed.error());
  const auto good = read_good(*fields);
  if (!good) return tl::unexpected(good.error());
  if (failure->empty() && (!*good || *failed != 0))
    return fail(ErrorCode::kCorrupt, "a good run is said and its figures are not there");
  if (!failure->empty() && *failed == 0) return fail(ErrorCode::kCorrupt, "a failed run is not counted");
  return FileMarker{*attempt, *failed, *failure, *good};
}

}  // namespace farshore

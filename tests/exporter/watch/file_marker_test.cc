#include "exporter/watch/file_marker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace farshore {
namespace {

const std::string kGood =
    "format=farshore-filesync/1\nresult=ok\nattempt_time=1764084605\nsource_time=1764084599\n"
    "finished_time=1764084605\nfiles=1234\nbytes=5678901234\nfailed_syncs=0\n";

std::string with(const std::string& from, const std::string& to, std::string text = kGood) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(FileMarker, OfAGoodRunHoldsItsFigures) {
  const auto marker = parse_marker(kGood);
  ASSERT_TRUE(marker) << marker.error().message;
  EXPECT_EQ(marker->failure, "");
  EXPECT_EQ(marker->attempt_time, WallTime(1764084605s));
  ASSERT_TRUE(marker->good);
  EXPECT_EQ(marker->good->source_time, WallTime(1764084599s));
  EXPECT_EQ(marker->good->finished_time, WallTime(1764084605s));
  EXPECT_EQ(marker->good->files, 1234);
  EXPECT_EQ(marker->good->bytes, 5678901234);
  EXPECT_EQ(marker->failed_syncs, 0);
}

TEST(FileMarker, OfAFailedRunKeepsTheLastGoodOneAndHasNoneBeforeTheFirst) {
  const std::string failed =
      with("result=ok", "result=failed", with("failed_syncs=0", "failed_syncs=3\nfailure=connection"));
  const auto marker = parse_marker(failed);
  ASSERT_TRUE(marker) << marker.error().message;
  EXPECT_EQ(marker->failure, "connection");
  EXPECT_EQ(marker->failed_syncs, 3);
  EXPECT_TRUE(marker->good);
  const auto first = parse_marker(
      "format=farshore-filesync/1\nresult=failed\nattempt_time=1\nfailed_syncs=1\nfailure=source_missing\n");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_FALSE(first->good);
}

TEST(FileMarker, AnythingElseIsRefused) {
  const std::vector<std::string> wrong = {
      "",
      "\n",
      kGood.substr(0, kGood.size() - 1),
      kGood + "files=1\n",
      kGood + "colour=red\n",
      kGood + "no key\n",
      kGood + "\n",
      with("/1", "/2"),
      with("result=ok", "result=fine"),
      with("result=ok", "result=failed"),
      with("result=ok\n", ""),
      with("failed_syncs=0", "failed_syncs=0\nfailure=connection"),
      with("failed_syncs=0", "failed_syncs=1"),
      with("result=ok", "result=failed", with("failed_syncs=0", "failed_syncs=1\nfailure=gremlins")),
      with("result=ok", "result=failed", with("failed_syncs=0", "failed_syncs=0\nfailure=role")),
      with("files=1234\n", ""),
      with("source_time=1764084599\n", ""),
      with("1764084599", "1764084606"),
      with("1234", "-1"),
      with("1234", "+1"),
      with("1234", " 1"),
      with("1234", "12x"),
      with("1234", ""),
      with("1234", "1e3"),
      with("1234", "9007199254740993"),
      with("1234", "99999999999999999999"),
      with("finished_time=1764084605", "finished_time=99999999999"),
      with("1234", std::string(5000, '1')),
      with("ok\n", "ok\r\n"),
      std::string("format=farshore-filesync/1\0", 27) + "\n" + kGood,
  };
  for (const std::string& text : wrong) {
    const auto marker = parse_marker(text);
    ASSERT_FALSE(marker) << text;
    EXPECT_EQ(marker.error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST(FileMarker, EveryFailureOfTheFormatIsTaken) {
  for (const std::string_view word : kSyncFailures) {
    const auto marker = parse_marker(fmt::format(
        "format=farshore-filesync/1\nresult=failed\nattempt_time=1\nfailed_syncs=1\nfailure={}\n", word));
    ASSERT_TRUE(marker) << word;
    EXPECT_EQ(marker->failure, word);
  }
}

}  // namespace
}  // namespace farshore

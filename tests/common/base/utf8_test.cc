#include "common/base/utf8.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

TEST(Utf8, AcceptsEveryLengthOfSequence) {
  EXPECT_TRUE(is_valid_utf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"));
  EXPECT_TRUE(is_valid_utf8(""));
}

TEST(Utf8, RefusesOverlongSurrogateTruncatedAndTooLarge) {
  for (const std::string_view text : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                      "\xF4\x90\x80\x80", "\x80", "\xE2\x82", "\xC3"})
    EXPECT_FALSE(is_valid_utf8(text)) << escaped(text);
}

TEST(Utf8, ReplacesOnlyTheIllFormedBytes) {
  EXPECT_EQ(to_valid_utf8("a\xFF"
                          "b\xC3\xA9"),
            "a\xEF\xBF\xBD"
            "b\xC3\xA9");
  EXPECT_TRUE(is_valid_utf8(to_valid_utf8("\xED\xA0\x80\xF0\x9F")));
}

TEST(Utf8, EscapesControlsSoThatNoLineBreaks) {
  EXPECT_EQ(escaped("a\nb\r\t\"\\"), "a\\nb\\r\\t\\\"\\\\");
  EXPECT_EQ(escaped(std::string_view("\0\x1b[2J\x7f", 6)), "\\u0000\\u001b[2J\\u007f");
  EXPECT_EQ(escaped("\xC2\x9B"
                    "x\xE2\x80\xA8y"),
            "\\u009bx\\u2028y");
}

}  // namespace
}  // namespace farshore

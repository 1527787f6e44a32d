#include "common/json/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/json/json_value.h"

namespace farshore {
namespace {

TEST(JsonWriter, WritesNestedValues) {
  JsonWriter writer;
  writer.begin_object()
      .field("cluster", "shop")
      .field("epoch", uint64_t{7})
      .field("lag", -1)
      .field("ok", true);
  writer.array("steps").value("fence").value(0.25).null().end_array();
  writer.object("report").end_object().end_object();
  EXPECT_EQ(writer.str(),
            R"({"cluster":"shop","epoch":7,"lag":-1,"ok":true,"steps":["fence",0.25,null],"report":{}})");
}

TEST(JsonWriter, HostileTextComesBackAsItWas) {
  const std::string hostile = std::string("a\"\\\n\0</script>\x1b", 15) + "\xE2\x80\xA8";
  JsonWriter writer;
  writer.begin_object().field("v", hostile).end_object();
  EXPECT_EQ(parse_json(writer.str())->get_string("v").value(), hostile);
}

TEST(JsonWriter, IllFormedUtf8IsRepaired) {
  JsonWriter writer;
  writer.begin_object().field("k\xFF", "v\xC0").end_object();
  EXPECT_EQ(parse_json(writer.str())->get_string("k\xEF\xBF\xBD").value(), "v\xEF\xBF\xBD");
}

TEST(JsonWriter, WhatIsNoNumberBecomesNull) {
  JsonWriter writer;
  writer.begin_array().value(std::numeric_limits<double>::infinity()).value(0.1).end_array();
  EXPECT_EQ(writer.str(), "[null,0.1]");
}

TEST(JsonWriter, PrettyStyleIndentsByTwo) {
  JsonWriter writer(JsonStyle::kPretty);
  writer.begin_object().field("a", 1).end_object();
  EXPECT_EQ(writer.str(), "{\n  \"a\": 1\n}");
}

TEST(JsonWriter, RawKeepsWhatIsAlreadyJson) {
  JsonWriter writer;
  writer.begin_object().key("report").raw(R"({"lost":3})").field("after", 1).end_object();
  EXPECT_EQ(writer.str(), R"({"report":{"lost":3},"after":1})");
}

}  // namespace
}  // namespace farshore

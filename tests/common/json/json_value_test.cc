#include "common/json/json_value.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

JsonValue parsed(std::string_view text) { return parse_json(text).value(); }

std::string refusal(std::string_view text) {
  const auto result = parse_json(text);
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  return result.error().message;
}

TEST(ParseJson, ReadsMembersByType) {
  const JsonValue value =
      parsed(R"({"s":"x\u0000y","i":-5,"d":1.5,"b":true,"n":null,"a":[1,2],"o":{"k":"v"}})");
  EXPECT_EQ(value.get_string("s").value(), std::string("x\0y", 3));
  EXPECT_EQ(value.get_int("i").value(), -5);
  EXPECT_EQ(value.get_double("d").value(), 1.5);
  EXPECT_TRUE(value.get_bool("b").value());
  EXPECT_EQ(value.get_array("a")->size(), 2U);
  EXPECT_EQ(value.get_object("o")->get_string("k").value(), "v");
}

TEST(ParseJson, AnErrorSaysWhereItIs) {
  const JsonValue value = parsed(R"({"alerts":[{"labels":{"cluster":7}}]})");
  const auto labels = value.get_array("alerts")->at(0).get_object("labels");
  EXPECT_EQ(labels->get_string("cluster").error().message,
            "alerts[0].labels.cluster: expected a string, found a number");
  const Error missing = labels->get_string("region").error();
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.message, "alerts[0].labels.region: missing");
  EXPECT_EQ(value.get("alerts")->get("x").error().message, "alerts: expected an object, found an array");
}

TEST(ParseJson, AbsentAndNullAreTheSameToFindButWrongTypesAreNot) {
  const JsonValue value = parsed(R"({"n":null,"i":1})");
  EXPECT_FALSE(value.find("n").has_value());
  EXPECT_EQ(value.find_string("absent").value(), std::nullopt);
  EXPECT_EQ(value.find_int("i").value(), 1);
  EXPECT_FALSE(value.find_string("i").has_value());
}

TEST(ParseJson, RefusesWhatIsNotExactlyOneValue) {
  EXPECT_NE(refusal(""), "accepted");
  EXPECT_NE(refusal("{} {}"), "accepted");
  EXPECT_NE(refusal(R"({"a":1)"), "accepted");
  EXPECT_NE(refusal(R"({"a":1,})"), "accepted");
  EXPECT_NE(refusal("{'a':1}"), "accepted");
  EXPECT_NE(refusal("nul"), "accepted");
  EXPECT_NE(refusal("[1e999]"), "accepted");
  EXPECT_NE(refusal(std::string_view("{}\0{}", 5)), "accepted");
}

TEST(ParseJson, EveryTruncationOfAValidBodyIsRefused) {
  const std::string body =
      R"({"version":"4","alerts":[{"status":"firing","labels":{"a":"\u00e9"}}],"n":[1.5e3,true]})";
  for (size_t length = 0; length < body.size(); ++length)
    EXPECT_FALSE(parse_json(std::string_view(body).substr(0, length))) << length;
}

TEST(ParseJson, RefusesIllFormedUtf8) {
  EXPECT_NE(refusal("\"\xFF\""), "accepted");
  EXPECT_NE(refusal("\"\xED\xA0\x80\""), "accepted");
  EXPECT_NE(refusal(R"("\ud800")"), "accepted");
  EXPECT_EQ(refusal(R"(["\udc00"])"), "JSON holds a string that is no UTF-8");
  EXPECT_EQ(refusal(R"({"\udfff":1})"), "JSON names a key that is no UTF-8");
}

// Found by fuzzing: RapidJSON skips each byte of the mark by itself.
TEST(ParseJson, TakesAByteOrderMarkAndNoPartOfOne) {
  EXPECT_EQ(parsed("\xEF\xBB\xBF{\"a\":1}").get_int("a").value(), 1);
  for (const char* text : {"\xEF{}", "\xBB{}", "\xBF{}", "\xEF\xBF{}", "\xBB\xBF{}"})
    EXPECT_EQ(refusal(text), "not JSON at byte 0: no UTF-8");
}

TEST(ParseJson, RefusesAKeyNamedTwice) {
  EXPECT_EQ(refusal(R"({"x":{"role":"viewer","role":"operator"}})"),
            "JSON names the key 'role' twice in one object");
}

TEST(ParseJson, DeepNestingIsRefusedAndUsesNoStack) {
  const std::string deep = std::string(500000, '[') + std::string(500000, ']');
  EXPECT_NE(refusal(deep).find("nested"), std::string::npos);
  EXPECT_NE(refusal(std::string(1000000, '[')), "accepted");
  const std::string allowed = std::string(kJsonMaxDepth, '[') + std::string(kJsonMaxDepth, ']');
  EXPECT_EQ(parsed(allowed).to_json(), allowed);
}

TEST(ParseJson, RefusesABodyOverTheLimitBeforeParsing) {
  EXPECT_FALSE(parse_json("[1,2,3]", 6));
  EXPECT_TRUE(parse_json("[1,2,3]", 7));
}

TEST(ParseJson, LargeIntegersStayExactAndLargerOnesAreNoIntegers) {
  EXPECT_EQ(parsed("[9223372036854775807]").items()[0].as_int().value(), INT64_MAX);
  EXPECT_FALSE(parsed("[9223372036854775808]").items()[0].as_int());
  EXPECT_FALSE(parsed("[1.0]").items()[0].as_int());
}

// Found by fuzzing: RapidJSON's full precision makes 6.5e296 of it.
TEST(ParseJson, ZeroIsZeroWhateverItsExponent) {
  for (const char* text : {"0e99", "0.0e300", "-0e99", "0e-99"})
    EXPECT_EQ(parsed(text).as_double().value(), 0);
  EXPECT_DOUBLE_EQ(parsed("1764083638.970123").as_double().value(), 1764083638.970123);
  EXPECT_DOUBLE_EQ(parsed("2.2250738585072014e-308").as_double().value(), 2.2250738585072014e-308);
}

TEST(ParseJson, ANumberThatNoDoubleHoldsIsRefused) {
  for (const char* text : {"1e999", "99999e304", "[-99999e304]"}) EXPECT_NE(refusal(text), "accepted");
}

TEST(ParseJson, AValueOutlivesTheHandleItCameFrom) {
  std::vector<JsonValue> kept;
  {
    const JsonValue whole = parsed(R"({"a":{"b":"still here"}})");
    kept.push_back(whole.get("a").value());
  }
  EXPECT_EQ(kept[0].get_string("b").value(), "still here");
  EXPECT_EQ(kept[0].members()[0].first, "b");
}

}  // namespace
}  // namespace farshore

#include "actuator/page/form.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Form, DecodesWhatABrowserSends) {
  const auto fields = parse_form("name=anna&reason=a+b%26c%3D%C3%BC&empty=&flag");
  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(*fields, (Fields{{"name", "anna"}, {"reason", "a b&c=ü"}, {"empty", ""}, {"flag", ""}}));
  EXPECT_EQ(field(*fields, "name"), "anna");
  EXPECT_EQ(field(*fields, "absent"), "");
  EXPECT_TRUE(parse_form("")->empty());
}

TEST(Form, RefusesWhatNoBrowserSends) {
  std::string many;
  for (int i = 0; i < 30; ++i) many += "f" + std::to_string(i) + "=1&";
  for (const std::string& body : {std::string("a=%"), std::string("a=%4"), std::string("a=%zz"),
                                  std::string("a=%+4"), std::string("%=1"), std::string("a=1&a=2"), many})
    EXPECT_FALSE(parse_form(body).has_value()) << body;
}

TEST(Cookies, AreFoundByTheirWholeName) {
  EXPECT_EQ(find_cookie("a=1; session=xyz; b=2", "session"), "xyz");
  EXPECT_EQ(find_cookie("session=x=y", "session"), "x=y");
  EXPECT_EQ(find_cookie("my_session=1; session2=2", "session"), std::nullopt);
  EXPECT_EQ(find_cookie("", "session"), std::nullopt);
}

}  // namespace
}  // namespace farshore

// What common/yaml works around in yaml-cpp.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace farshore {
namespace {

TEST(YamlCanary, MarksCountFromZero) {
  const YAML::Node node = YAML::Load("a: 1\nb:\n  c: 2\n");
  EXPECT_EQ(node["b"]["c"].Mark().line, 2);
  EXPECT_EQ(node["b"]["c"].Mark().column, 5);
}

TEST(YamlCanary, AMissingKeyHasNoMark) {
  const YAML::Node node = YAML::Load("a: 1\n");
  EXPECT_FALSE(node["missing"].IsDefined());
  EXPECT_THROW((void)node["missing"].Mark(), YAML::Exception);
}

TEST(YamlCanary, AKeyNamedTwiceIsTakenInSilence) {
  const YAML::Node node = YAML::Load("role: viewer\nrole: operator\n");
  EXPECT_EQ(node.size(), 2U);
  EXPECT_EQ(node["role"].as<std::string>(), "viewer");
}

TEST(YamlCanary, IndexingANodeThatIsNotConstChangesTheDocument) {
  YAML::Node node = YAML::Load("a: 1\n");
  node["b"]["c"] = 2;
  EXPECT_TRUE(node["b"].IsMap());
}

TEST(YamlCanary, SyntaxErrorsCarryTheirPlace) {
  try {
    YAML::Load("a: [1, 2\nb: 3\n");
    FAIL() << "accepted";
  } catch (const YAML::ParserException& error) {
    EXPECT_GE(error.mark.line, 1);
  }
}

}  // namespace
}  // namespace farshore

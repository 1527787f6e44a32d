#include "common/yaml/map_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  std::string name, text;
  int number = 7;
  nanoseconds duration = 5s;
  std::vector<std::string> list;
  std::string faults;
};

Read read(const std::string& yaml) {
  Read out;
  std::vector<ConfigFault> faults;
  if (const auto root = parse_yaml(yaml, faults)) {
    MapReader reader(*root, "thing", faults);
    reader.name("name", Need::kRequired, out.name);
    reader.text("text", Need::kOptional, out.text);
    reader.integer("number", Need::kOptional, 0, 10, out.number);
    reader.duration("duration", Need::kOptional, out.duration);
    reader.text_list("list", Need::kOptional, out.list);
    reader.finish();
  }
  out.faults = format_faults("f.yml", faults);
  return out;
}

TEST(MapReader, ReadsValuesAndKeepsDefaults) {
  const Read out = read("name: shop\nlist: [a, 'b c']\nduration: 10s\n");
  EXPECT_THAT(out.faults, IsEmpty());
  EXPECT_EQ(out.name, "shop");
  EXPECT_EQ(out.number, 7);
  EXPECT_EQ(out.duration, 10s);
  EXPECT_THAT(out.list, testing::ElementsAre("a", "b c"));
}

TEST(MapReader, AnUnknownKeyNamesItsNeighbour) {
  EXPECT_EQ(read("name: a\nnumbr: 1\n").faults,
            "f.yml:2:1: unknown key 'numbr' in thing; did you mean 'number'?");
  EXPECT_EQ(read("name: a\ncolour: 1\n").faults,
            "f.yml:2:1: unknown key 'colour' in thing; known keys: name, text, number, duration, list");
}

TEST(MapReader, ADuplicateKeyIsAFaultAndTheFirstIsKept) {
  const Read out = read("name: a\ntext: x\nname: b\n");
  EXPECT_EQ(out.faults, "f.yml:3:1: duplicate key 'name'; it is already set on line 1; keep one");
  EXPECT_EQ(out.name, "a");
}

TEST(MapReader, AMissingKeyIsMarkedAtItsParent) {
  EXPECT_EQ(read("\n\n  text: x\n").faults, "f.yml:3:3: missing key 'name' in thing; add 'name:'");
}

TEST(MapReader, AnEmptyValueIsMarkedAtItsKey) {
  EXPECT_EQ(read("name: a\ntext:\nnumber: 1\n").faults,
            "f.yml:2:1: 'text' in thing must be text, not nothing; give it a value or remove the key");
  EXPECT_EQ(read("name: ''\n").faults,
            "f.yml:1:7: 'name' in thing is empty; give it a value or remove the key");
}

TEST(MapReader, WrongTypesAreNamed) {
  EXPECT_EQ(read("name: [a]\n").faults, "f.yml:1:7: 'name' in thing must be text, not a list");
  EXPECT_EQ(read("name: a\nlist: x\n").faults, "f.yml:2:7: 'list' in thing must be a list, not text");
  EXPECT_EQ(read("name: a\nlist: [x, {y: 1}]\n").faults,
            "f.yml:2:11: an item of 'list' must be text, not a mapping");
  EXPECT_EQ(read("- name\n").faults,
            "f.yml:1:1: thing must be a mapping, not a list; write it as 'key: value' lines");
  EXPECT_EQ(read("").faults,
            "f.yml:1:1: thing must be a mapping, not nothing; write it as 'key: value' lines");
}

TEST(MapReader, AnEmptyListIsAFault) {
  EXPECT_EQ(read("name: a\nlist: []\n").faults,
            "f.yml:2:7: 'list' in thing is an empty list; remove the key or add an item");
}

TEST(MapReader, ValuesOutOfRangeSayWhatIsAllowed) {
  EXPECT_EQ(read("name: a\nnumber: 11\n").faults,
            "f.yml:2:9: '11' of 'number' is out of range; write a whole number from 0 to 10");
  EXPECT_EQ(read("name: a b\n").faults,
            "f.yml:1:7: 'a b' is no name; use 1 to 63 letters, digits, '_', '.' and '-'");
  EXPECT_EQ(read("name: a\nduration: 10\n").faults,
            "f.yml:2:11: '10' of 'duration' is no duration; write a whole number with a unit, such as 500ms, "
            "10s, 1m30s or 1h");
}

TEST(MapReader, AllFaultsComeInOnePassInTheOrderOfTheFile) {
  EXPECT_EQ(read("number: x\nname: a\nlst: [a]\n").faults,
            "f.yml:1:9: 'x' of 'number' is out of range; write a whole number from 0 to 10\n"
            "f.yml:3:1: unknown key 'lst' in thing; did you mean 'list'?");
}

TEST(ParseYaml, BrokenTextSaysWhere) {
  EXPECT_THAT(read("name: a\nlist: [a\n").faults, HasSubstr("not YAML"));
  EXPECT_THAT(read("name: \"a\n").faults, HasSubstr("f.yml:"));
}

TEST(ParseYaml, ASecondDocumentIsAFault) {
  EXPECT_THAT(read("name: a\n---\nname: b\n").faults, HasSubstr("f.yml:2:1: a second document in the file"));
}

// Found by fuzzing: yaml-cpp's LoadAll takes it for documents without end, and memory with them.
TEST(ParseYaml, ACommaWhereADocumentCouldBeginIsAFault) {
  EXPECT_THAT(read(",").faults, HasSubstr("f.yml:1:1: not YAML"));
  EXPECT_THAT(read("name: a\n...\n,,,").faults, HasSubstr("f.yml:3:1: not YAML"));
  EXPECT_THAT(read("{name: a} ]").faults, HasSubstr("f.yml:1:11: not YAML"));
}

TEST(ParseYaml, AliasesCannotGrowWithoutBound) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(read(bomb).faults, HasSubstr("too large or too deeply nested"));
  EXPECT_THAT(read("name: " + std::string(200, '[') + std::string(200, ']')).faults,
              HasSubstr("too large or too deeply nested"));
}

TEST(DeepestNode, ShowsTheParentOfWhatIsMissing) {
  std::vector<ConfigFault> faults;
  const auto root = parse_yaml("a:\n  - b: 1\n    c: {d: 2}\n", faults);
  ASSERT_TRUE(root);
  EXPECT_EQ(deepest_node(*root, "a.0.c.d").column, 12);
  EXPECT_EQ(deepest_node(*root, "a.0.c.x").column, 8);
  EXPECT_EQ(deepest_node(*root, "a.7").line, 2);
}

}  // namespace
}  // namespace farshore

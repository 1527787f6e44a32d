#include "common/xml/xml_element.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(XmlElement, ElementsAndTheirTextAreRead) {
  const auto root = parse_xml(
      "<?xml version=\"1.0\"?>\n<!-- a comment --><A xmlns=\"https://x/\"><B><Id>/change/C1</Id></B>"
      "<B><Id>&lt;2&#62;</Id></B><C/><D><![CDATA[a<b]]></D></A>\n");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->name, "A");
  ASSERT_EQ(root->children.size(), 4u);
  EXPECT_EQ(root->child("B")->text_of("Id"), "/change/C1");
  EXPECT_EQ(root->children[1].text_of("Id"), "<2>");
  EXPECT_EQ(root->text_of("C"), "");
  EXPECT_EQ(root->text_of("D"), "a<b");
  EXPECT_EQ(root->child("E"), nullptr);
  EXPECT_EQ(root->text_of("E"), "");
}

TEST(XmlElement, WhatIsNoDocumentIsRefused) {
  for (const char* text :
       {"", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a", "</a>", "{\"a\":1}", "\xff<a/>"})
    EXPECT_EQ(parse_xml(text).error().code, ErrorCode::kInvalidArgument) << text;
  EXPECT_FALSE(parse_xml(std::string_view("<a>\0</a>", 8)));
}

// Entities that are made of entities use up memory, and external ones read files.
TEST(XmlElement, ADocumentTypeIsRefused) {
  EXPECT_FALSE(parse_xml("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"));
  EXPECT_FALSE(parse_xml("<!DOCTYPE html><html></html>"));
}

TEST(XmlElement, SizeAndDepthAreBounded) {
  EXPECT_FALSE(parse_xml("<a>" + std::string(100, 'x') + "</a>", 50));
  const auto nested = [](size_t depth) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += "<a>";
    for (size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(parse_xml(nested(kXmlMaxDepth)));
  EXPECT_FALSE(parse_xml(nested(kXmlMaxDepth + 1)));
  EXPECT_FALSE(parse_xml(nested(100000)));
}

TEST(XmlElement, WhatIsEscapedReadsBack) {
  for (const std::string& text : {std::string("\"epoch=7\""), std::string("a<b>&c;'"), std::string(" a\tb\n"),
                                  std::string("caf\xc3\xa9")})
    EXPECT_EQ(parse_xml("<a>" + xml_escape(text) + "</a>")->text, text);
  EXPECT_EQ(xml_escape("a\x01\xff"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace farshore

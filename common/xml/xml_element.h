// Reading XML that somebody else wrote, into plain values: bounded, one root, no entities of its own.
//
//   auto answer = parse_xml(body);
//   const XmlElement* info = answer->child("ChangeInfo");
//   if (info && info->text_of("Status") == "INSYNC") ...
//
// Elements and their text only: attributes, comments and processing instructions are dropped, a document type
// is refused. Names keep their prefix as written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace farshore {

inline constexpr size_t kXmlMaxDepth = 32;

struct XmlElement {
  std::string name;
  std::string text;  // directly in it, entities resolved; empty when it is white space only
  std::vector<XmlElement> children;

  const XmlElement* child(std::string_view child_name) const;  // the first; null when there is none
  std::string text_of(std::string_view child_name) const;      // empty when there is none
};

// kInvalidArgument when it is no XML, no UTF-8, too large or too deep, or has a document type.
Result<XmlElement> parse_xml(std::string_view text, size_t max_bytes = size_t{1} << 20);

// As the text of an element; what XML cannot hold (control characters, no UTF-8) becomes U+FFFD.
std::string xml_escape(std::string_view text);

}  // namespace farshore

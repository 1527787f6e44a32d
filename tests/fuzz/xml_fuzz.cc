// XML of strangers: what is accepted is bounded and well-formed UTF-8. And the escaper: whatever it is told,
// it reads back.
#include <algorithm>

#include "common/base/utf8.h"
#include "common/xml/xml_element.h"
#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {
namespace {

void walk(const XmlElement& element, size_t depth) {
  require(depth <= kXmlMaxDepth, "nothing is nested deeper than promised");
  require(!element.name.empty(), "an element has a name");
  for (const XmlElement& child : element.children) {
    walk(child, depth + 1);
    require(element.child(child.name) != nullptr, "a child is found by its name", child.name);
    require(element.text_of(child.name) == element.child(child.name)->text, "and so is its text");
  }
}

void check_escape(std::string_view text) {
  const std::string escaped = xml_escape(text);
  // A letter before it, because text of white space only is dropped.
  const auto read = parse_xml("<a>x" + escaped + "</a>", size_t{16} << 20);
  require(read.has_value(), "what is escaped is XML", escaped);
  require(read->children.empty(), "and only text", escaped);
  require(xml_escape(read->text) == "x" + escaped, "which reads back", escaped);
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::check_escape(text);
  const auto element = parse_xml(text);
  if (!element) {
    fuzz::require(element.error().code == ErrorCode::kInvalidArgument,
                  "what is no XML is an invalid argument");
    return 0;
  }
  fuzz::require(is_valid_utf8(text), "accepted XML is well-formed UTF-8");
  fuzz::walk(*element, 1);
  return 0;
}

#include "common/xml/xml_element.h"

#include <algorithm>
#include <pugixml.hpp>

#include "common/base/utf8.h"

namespace farshore {
namespace {

constexpr unsigned kOptions = pugi::parse_default | pugi::parse_doctype;

bool is_text(const pugi::xml_node& node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

// Deeper than kXmlMaxDepth: false. That bounds the recursion.
bool convert(const pugi::xml_node& node, size_t depth, XmlElement& out) {
  if (depth > kXmlMaxDepth) return false;
  out.name = node.name();
  for (const pugi::xml_node& child : node.children()) {
    if (is_text(child)) out.text += child.value();
    if (child.type() != pugi::node_element) continue;
    if (!convert(child, depth + 1, out.children.emplace_back())) return false;
  }
  return true;
}

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "XML: {}", why);
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found == nullptr ? std::string() : found->text;
}

Result<XmlElement> parse_xml(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) return refuse("too large");
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) return refuse("not UTF-8");
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), kOptions, pugi::encoding_utf8);
  if (!parsed) return refuse(fmt::format("{} at byte {}", parsed.description(), parsed.offset));
  const pugi::xml_node root = document.document_element();
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() == pugi::node_doctype) return refuse("it has a document type");
    if (node.type() == pugi::node_element && node != root) return refuse("more than one root");
  }
  XmlElement element;
  if (!convert(root, 1, element)) return refuse("nested too deep");
  return element;
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : to_valid_utf8(text)) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
      escaped += "\xEF\xBF\xBD";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace farshore

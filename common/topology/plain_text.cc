#include "common/topology/plain_text.h"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace farshore {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
  std::string allowed;
  for (const std::string_view set : sets) allowed += set;
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

Status check_plain_path(std::string_view text) {
  const bool plain = text.starts_with('/') && text.size() <= 1024 &&
                     consists_of(text, {kLower, kUpper, kDigits, "/._+@-"}) &&
                     text.find("/-") == std::string_view::npos &&
                     text.find("/../") == std::string_view::npos && !text.ends_with("/..") &&
                     !text.ends_with('/') && text.find("//") == std::string_view::npos;
  if (plain) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      "write an absolute path of letters, digits and /._+@- without '..' and without a '/' at its end");
}

Status check_login_name(std::string_view text) {
  const bool plain = !text.empty() && text.size() <= 32 && consists_of(text, {kLower, kDigits, "_-"}) &&
                     consists_of(text.substr(0, 1), {kLower, "_"});
  if (plain) return {};
  return fail(ErrorCode::kInvalidArgument, "write 1 to 32 of a-z, 0-9, '_' and '-', a letter or '_' first");
}

Status check_unit_name(std::string_view text) {
  constexpr std::string_view kSuffix = ".service";
  const std::string_view name = text.substr(0, text.size() - std::min(text.size(), kSuffix.size()));
  const bool plain = text.ends_with(kSuffix) && !name.empty() && text.size() <= 255 &&
                     !name.starts_with('-') && !name.starts_with('.') &&
                     consists_of(name, {kLower, kUpper, kDigits, ":_.@-"});
  if (plain) return {};
  return fail(ErrorCode::kInvalidArgument, "write a service, such as postgresql@15-main.service");
}

}  // namespace farshore

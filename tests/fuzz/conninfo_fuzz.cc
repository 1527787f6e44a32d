// A connection string that the topology accepts means the same to libpq, and what we print reads back, in
// both.
#include "common/topology/conninfo.h"

#include <libpq-fe.h>

#include <memory>
#include <optional>

#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// What libpq makes of it; nothing when it refuses.
std::optional<Conninfo> ask_libpq(const std::string& text) {
  char* message = nullptr;
  const Options options(PQconninfoParse(text.c_str(), &message), &PQconninfoFree);
  if (message != nullptr) PQfreemem(message);
  if (!options) return std::nullopt;
  Conninfo result;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) result[option->keyword] = option->val;
  return result;
}

void compare(const std::string& text) {
  const auto ours = parse_conninfo(text);
  const auto theirs = ask_libpq(text);
  if (check_conninfo(text)) {
    require(theirs.has_value(), "what the topology accepts is read by libpq", text);
    require(*theirs == *ours, "both read the same values", text);
    require(!ours->at("host").empty() && !ours->contains("password"), "there is a host and no password",
            text);
  }
  if (!ours) return;
  const std::string printed = format_conninfo(*ours);
  const auto again = parse_conninfo(printed);
  require(again.has_value() && *again == *ours, "a printed connection string reads back", printed);
  // A key that libpq does not know makes it refuse the whole; every other difference is ours.
  if (theirs && *theirs == *ours)
    require(ask_libpq(printed) == theirs, "libpq reads what is printed", printed);
  const auto moved = conninfo_for_new_primary(text, "host=new.example port=6432");
  require(moved.has_value(), "a readable connection string can be pointed elsewhere", text);
  auto expected = *ours;
  expected.erase("hostaddr");
  expected["host"] = "new.example";
  expected["port"] = "6432";
  require(*parse_conninfo(*moved) == expected, "only the place changes", *moved);
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = farshore::fuzz::text_of(data, size);
  // A NUL ends the string for libpq; the topology's own strings never reach it with one (see the topology's
  // check), so the two are compared on texts without.
  if (text.find('\0') == std::string_view::npos) farshore::fuzz::compare(std::string(text));
  return 0;
}

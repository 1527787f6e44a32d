// An access file is refused with places, or every principal in it has a name of its own and one credential.
#include "common/http/access.h"

#include <set>

#include "common/http/router.h"
#include "tests/fuzz/config_claims.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  using fuzz::require;
  const std::string text(fuzz::text_of(data, size));
  const auto access = parse_access(text, "access.yml");
  if (!access) {
    fuzz::require_places(access.error(), "access.yml", text);
    return 0;
  }
  std::set<std::string> names;
  for (const auto& entry : access->entries) {
    require(is_plain_name(entry.principal.name), "a principal's name is plain", entry.principal.name);
    require(names.insert(entry.principal.name).second, "a name stands for one principal");
    require(!entry.principal.roles.empty(), "a principal has a role");
    require(entry.bearer_token_file.empty() != entry.bcrypt.empty(), "a principal has one credential");
    require(entry.bcrypt.empty() || entry.bcrypt.size() == 60, "a hash has the length of one");
  }
  require(!names.empty() && names.size() <= 100, "there are 1 to 100 principals");
  return 0;
}

#include "common/http/access.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "common/yaml/map_reader.h"

namespace farshore {
namespace {

using Faults = std::vector<ConfigFault>;

constexpr size_t kMaxPrincipals = 100;
constexpr int kMaxBcryptCost = 14;  // about a second; more would hold a worker for longer than a client waits

const std::vector<std::string> kRoleNames = {"webhook", "operator", "viewer"};
constexpr Role kRoles[] = {Role::kWebhook, Role::kOperator, Role::kViewer};

void read_roles(MapReader& reader, std::set<Role>& out, Faults& faults) {
  const YamlNode* list = reader.list("roles", Need::kRequired);
  if (list == nullptr) return;
  read_texts(*list, "'roles'", faults);
  for (const YamlNode& item : list->items) {
    if (item.scalar.empty()) continue;
    const auto found = std::ranges::find(kRoleNames, item.scalar);
    if (found == kRoleNames.end()) {
      faults.push_back({item.line, item.column, fmt::format("there is no role '{}'", item.scalar),
                        suggest(item.scalar, kRoleNames, "the roles are")});
      continue;
    }
    out.insert(kRoles[found - kRoleNames.begin()]);
  }
}

AccessEntry read_entry(const YamlNode& node, Faults& faults) {
  AccessEntry entry;
  MapReader reader(node, "principal", faults);
  reader.name("name", Need::kRequired, entry.principal.name);
  read_roles(reader, entry.principal.roles, faults);
  const bool token = reader.text("bearer_token_file", Need::kOptional, entry.bearer_token_file);
  const bool hash = reader.text("bcrypt", Need::kOptional, entry.bcrypt);
  if (!reader.has("bearer_token_file") && !reader.has("bcrypt")) {
    reader.fault("name", "the principal has no credential", "give it 'bearer_token_file' or 'bcrypt'");
  }
  if (token && hash) {
    reader.fault("bcrypt", "the principal has two credentials", "make two principals of it");
  }
  if (hash && !is_bcrypt(entry.bcrypt)) {  // the value is not shown: it may be a password put here by mistake
    reader.fault("bcrypt", "this is no bcrypt hash of cost 4 to 14",
                 "make one with: htpasswd -nBC 12 NAME, and take what follows the colon");
  }
  reader.finish();
  return entry;
}

void check_unique(const YamlNode& list, const std::vector<AccessEntry>& entries, Faults& faults) {
  std::set<std::string> names;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& name = entries[i].principal.name;
    if (name.empty() || names.insert(name).second) continue;
    faults.push_back({list.items[i].line, list.items[i].column,
                      fmt::format("principal '{}' is there twice", name),
                      "the journal tells people apart by this name: give each its own"});
  }
}

}  // namespace

bool is_bcrypt(const std::string& hash) {
  if (hash.size() != 60 || hash[0] != '$' || hash[1] != '2' || hash[3] != '$' || hash[6] != '$') return false;
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return false;
  const bool digits = hash[4] >= '0' && hash[4] <= '9' && hash[5] >= '0' && hash[5] <= '9';
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return digits && cost >= 4 && cost <= kMaxBcryptCost;
}

Result<AccessFile> parse_access(const std::string& text, const std::string& source_name) {
  Faults faults;
  AccessFile access;
  access.source = source_name;
  const auto root = parse_yaml(text, faults);
  if (root) {
    MapReader reader(*root, "access file", faults);
    if (const YamlNode* list = reader.list("principals", Need::kRequired)) {
      for (const YamlNode& item : list->items) access.entries.push_back(read_entry(item, faults));
      check_unique(*list, access.entries, faults);
      if (list->items.size() > kMaxPrincipals) {
        reader.fault("principals", fmt::format("more than {} principals", kMaxPrincipals),
                     "share one per system");
      }
    }
    reader.finish();
  }
  if (!faults.empty()) return fail(ErrorCode::kInvalidArgument, "{}", format_faults(source_name, faults));
  return access;
}

Result<AccessFile> load_access(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return fail(ErrorCode::kInvalidArgument, "the access file {} cannot be read, or is empty", path);
  }
  return parse_access(content.str(), path);
}

}  // namespace farshore

// The kinds of fences, traffic switches and receivers of notifications, and the fields that each understands:
// one row per kind. A new provider adds a row here and a file beside its fellows; the loader learns nothing
// new.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/topology/topology.h"
#include "common/yaml/map_reader.h"

namespace farshore {

enum class FieldType {
  kText,
  kFile,     // an absolute path
  kBaseUrl,  // http://host:port
  kApiUrl,   // the same, port optional: what a provider's API answers at
  kOnOff,    // kept as "on" or "off"
  kUrl,      // http or https with a path
  kAddress,  // host:port
  kCommand,  // a list: an absolute path and its arguments; run without a shell
};

struct ProviderField {
  std::string name;
  FieldType type = FieldType::kText;
  Need need = Need::kRequired;
  std::string default_value = {};  // of an optional scalar; empty = none
  // What the kind alone asks of the text; the error's message is the remedy.
  Status (*check)(std::string_view) = nullptr;
};

struct ProviderKind {
  std::string kind;
  std::vector<ProviderField> fields;
  bool is_dns = false;  // traffic only: has a record type and authoritative servers
};

const std::vector<ProviderKind>& fence_kinds();
const std::vector<ProviderKind>& traffic_kinds();
const std::vector<ProviderKind>& notify_kinds();

// Reads `kind` and that kind's fields. Nothing when the kind is missing or unknown (a fault says which
// exist); the caller then leaves the other keys alone, since nobody knows what they should be.
const ProviderKind* read_provider(MapReader& reader, const std::vector<ProviderKind>& kinds,
                                  ProviderConfig& out);

}  // namespace farshore

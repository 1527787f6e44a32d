// The kinds of fences, traffic switches and receivers of notifications, and the fields that each understands:
// one row per kind. A new provider adds a row here and a file beside its fellows; the loader learns nothing
// new.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/topology/topology.h"
#include "common/yaml/map_reader.h"

namespace farshore {

enum class FieldType {
  kText,
  kFile,       // an absolute path
  kBaseUrl,    // http://host:port
  kApiUrl,     // the same, port optional: what a provider's API answers at
  kHostPort,   // host:port or [IPv6]:port
  kOnOff,      // kept as "on" or "off"
  kUrl,        // http or https with a path
  kId,         // a whole number from 1: how a provider counts its objects
  kRegionMap,  // region: text
  kCommand,    // a list: an absolute path and its arguments; run without a shell
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

// Reads a list that is a command (FieldType::kCommand). True when `out` was set.
bool read_command(MapReader& reader, const std::string& key, Need need, std::vector<std::string>& out);

const std::vector<ProviderKind>& fence_kinds();
const std::vector<ProviderKind>& traffic_kinds();
const std::vector<ProviderKind>& notify_kinds();

// Reads `kind` and that kind's fields. Nothing when the kind is missing or unknown (a fault says which
// exist); the caller then leaves the other keys alone, since nobody knows what they should be.
const ProviderKind* read_provider(MapReader& reader, const std::vector<ProviderKind>& kinds,
                                  ProviderConfig& out);

// Whether what a fence reads back can be a proof at all; one that cannot helps another and replaces none.
bool proves_by_itself(const ProviderConfig& fence);

// A scalar field as it was read, defaults filled in; empty when there is none.
std::string text_field(const ProviderConfig& provider, const std::string& name);
// A field of type kId; nothing when there is none, or it is no such number.
std::optional<int64_t> id_field(const ProviderConfig& provider, const std::string& name);

}  // namespace farshore

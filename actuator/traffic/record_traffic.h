// A DNS record as a traffic switch. What all providers have in common stands here: refuse an older epoch, do
// nothing when nothing is to do, write, read back, look before repeating. A provider is a RecordApi.
//
// The epoch token is a TXT record "epoch=<N>" at farshore-epoch.<name of the record>: a writer of an older
// epoch finds it and stops. Whether the provider compares it in the same change is its TokenStyle
// (docs/providers.md). A token that could not be written keeps no client waiting: it is left open in the
// receipt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actuator/traffic/registry.h"

namespace farshore {

enum class TokenStyle {
  kNone,      // epoch_token: off
  kCompared,  // record and token in one change that fails when either is not as seen
  kTogether,  // in one change, without comparing
  kApart,     // token first, then the record
};

struct RecordState {
  std::vector<std::string> values;  // as answered to clients: not those switched off
  std::optional<int64_t> ttl;       // seconds
  std::optional<int64_t> epoch;     // of the token; absent = there is none yet
  std::string trouble = {};         // in words: what keeps clients from getting a new value in time
};

struct RecordChange {
  RecordState seen;
  std::string target;
  int64_t ttl = 0;                    // seconds
  std::optional<int64_t> epoch = {};  // to be written as the token together with the record
};

// Thread-safe, never throws, bounded by the deadline.
class RecordApi {
 public:
  virtual ~RecordApi() = default;
  virtual TokenStyle token_style() const = 0;
  // Never kUnknown. No record at all is an empty `values`.
  virtual Result<RecordState> read(BootTime deadline) = 0;
  // From `seen` to `target`, in place: never by taking away and making anew in two steps. kConflict: the
  // provider holds something else than `seen`. kUnknown: it may have taken effect.
  virtual Status write(const RecordChange& change, BootTime deadline) = 0;
  // Only with TokenStyle::kApart. kConflict: a newer token, or something else than `seen`, is there.
  virtual Status write_token(const RecordState& seen, int64_t epoch, BootTime deadline);
  // The provider's name of the last change, whatever came of it; may be empty.
  virtual std::string last_change() const { return {}; }
  // As TrafficSwitch's: from an accepted write until the provider's own name servers answer it.
  virtual nanoseconds settles_within() const { return 0ns; }
};

std::string epoch_token_name(const std::string& record);          // farshore-epoch.<record>
std::string epoch_token_text(int64_t epoch);                      // epoch=<N>
std::optional<int64_t> parse_epoch_token(std::string_view text);  // with or without quotes

// The field epoch_token of the provider's configuration: "on" (also when it is not there) or "off".
bool wants_epoch_token(const ProviderConfig& provider);

// The switch made of it. `config` is checked by the provider's own make function before.
std::unique_ptr<TrafficSwitch> make_record_traffic(const TrafficConfig& config, const TrafficDeps& deps,
                                                   std::unique_ptr<RecordApi> api);

}  // namespace farshore

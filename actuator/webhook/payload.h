// The body of an Alertmanager webhook, version 4.
// Source: prometheus/alertmanager, notify/webhook/webhook.go (Message) and template/template.go (Data,
// Alert).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actuator/journal/journal.h"
#include "common/base/result.h"

namespace farshore {

constexpr size_t kMaxAlertsPerDelivery = 5000;

// One element of alerts[]. Labels as they came: text of whoever can post to an Alertmanager, so nothing but
// a key to look up in our own topology, and only after is_plain_name.
struct WebhookAlert {
  std::optional<AlertStatus> status;  // absent: neither firing nor resolved
  std::string alertname, action, cluster, region, server, epoch, fingerprint;  // empty when missing
  std::optional<WallTime> starts_at;                                           // absent: missing or no time
};

struct WebhookDelivery {
  std::vector<WebhookAlert> alerts;
  int64_t truncated = 0;  // alerts that Alertmanager left out; then the others may mislead
};

// Unknown keys are ignored, as is everything that is said of the group as a whole (status, commonLabels):
// only alerts[i] counts. Errors: kInvalidArgument for no JSON, another version, a wrong type, too many.
Result<WebhookDelivery> parse_delivery(std::string_view body);

// At most 128 printable ASCII characters: everything else escaped, the rest cut. For records and logs only.
std::string harmless(std::string_view text);

}  // namespace farshore

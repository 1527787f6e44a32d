// Kind "webhook": every notice as one JSON object, POSTed to any address. docs/notifications.md describes the
// object; `id` stays the same when a notice is repeated.
#pragma once

#include "actuator/notify/registry.h"

namespace farshore {

Result<Senders> make_webhook_sender(const NotifyConfig& config, const SenderDeps& deps);

}  // namespace farshore

// What a program tells the service manager that started it (systemd's Type=notify and WatchdogSec). Started
// by anything else, all of it does nothing. Thread-safe. Source: sd_notify(3), sd_watchdog_enabled(3).
#pragma once

#include <optional>

#include "common/base/clock.h"

namespace farshore {

void tell_ready();      // also ends what tell_reloading() began
void tell_reloading();  // the configuration is being read again
void tell_stopping();
void tell_alive();  // to be said at least every watchdog_interval(), or the service is killed and restarted

// Absent when nobody watches.
std::optional<nanoseconds> watchdog_interval();

}  // namespace farshore

// How often and how patiently everything beside PostgreSQL is watched.
#pragma once

#include "common/topology/topology.h"

namespace farshore {

// Slower than PostgreSQL, because nothing is decided by these and other people's servers pay for the
// questions: every fifth observe.interval, with twice observe.timeout for one look.
struct WatchSettings {
  nanoseconds interval = 5s;
  nanoseconds timeout = 2s;

  static WatchSettings of(const ObserveSettings& observe) {
    return {5 * observe.interval, 2 * observe.timeout};
  }
  // How old an observation may be before nothing is claimed any more: as for servers.
  nanoseconds limit() const { return 3 * interval + timeout; }
};

}  // namespace farshore

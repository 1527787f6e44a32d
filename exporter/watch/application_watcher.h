// Asks every application of the topology, in every region, how it is: one GET of its health_url each
// interval, all from one thread, each with its own deadline, at most one under way per
// application. One that hangs delays no other. Names of hosts are looked up in at most four helper threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/topology/topology.h"
#include "exporter/watch/health_answer.h"
#include "exporter/watch/watch_settings.h"

namespace farshore {

// The newest finished probe of one application in one region. What is not known is absent.
struct ApplicationObservation {
  std::string cluster, application, region;
  std::optional<BootTime> finished;  // absent before the first
  ApplicationFailure failure = ApplicationFailure::kNone;
  std::string failure_text;                    // for people
  std::optional<int> status;                   // of the HTTP answer
  std::optional<nanoseconds> latency;          // until the whole answer was there
  std::string_view state;                      // one of kStateWords or "other"; empty when not told
  std::optional<WallTime> certificate_expiry;  // https, once the server has shown its certificate
  std::optional<WallTime> last_success;
};
using ApplicationList = std::vector<ApplicationObservation>;

// Thread-safe after start(). Destruction gives up what is under way and waits for nothing outside.
class ApplicationWatcher {
 public:
  ApplicationWatcher(const Topology& topology, const WatchSettings& settings, Clock& clock);
  ~ApplicationWatcher();
  ApplicationWatcher(const ApplicationWatcher&) = delete;
  ApplicationWatcher& operator=(const ApplicationWatcher&) = delete;

  void take_over(const ApplicationList& previous);  // before start(): what was seen of the same ones
  void start();                                     // no thread when there is no application
  void stop();                                      // what was seen last stays
  std::shared_ptr<const ApplicationList> list() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace farshore

#include "actuator/notify/notifications.h"

#include <map>

namespace farshore {
namespace {

constexpr size_t kMostMessage = 4096;

}  // namespace

Result<std::unique_ptr<Notifications>> Notifications::make(const Topology& topology, HttpClient& http,
                                                           Journal& journal, Clock& clock) {
  std::unique_ptr<Notifications> made(new Notifications(clock));
  std::map<std::string, int> places;
  for (const NotifyConfig& config : topology.notify) {
    auto senders = make_senders(config, {http, clock, topology.alertmanagers});
    if (!senders) return tl::unexpected(senders.error());
    for (std::unique_ptr<Sender>& sender : *senders) {
      // Of several at one host each has its place among them; the order in the file keeps them apart.
      std::string receiver = sender->name();
      if (const int place = ++places[receiver]; place > 1) receiver += fmt::format(" ({})", place);
      made->lanes_.push_back(
          std::make_unique<Lane>(std::move(sender), std::move(receiver), journal, clock, made->counters_));
    }
  }
  return made;
}

Notifications::~Notifications() {
  for (const auto& lane : lanes_) lane->request_stop();  // all at once, not one after another
}

void Notifications::start() {
  for (const auto& lane : lanes_) lane->start();
}

void Notifications::tell(const std::string& cluster, const std::string& run_id, const std::string& kind,
                         const std::string& message) {
  for (const auto& lane : lanes_)
    lane->push({cluster, run_id, kind, message.substr(0, kMostMessage), clock_.wall_now()});
}

}  // namespace farshore

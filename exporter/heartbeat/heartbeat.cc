#include "exporter/heartbeat/heartbeat.h"

#include <poll.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "common/base/log.h"
#include "common/base/wake_up.h"

namespace farshore {
namespace {

// What the observer's newest look says of one server.
struct Order {
  Duty duty = Duty::kNone;
  BootTime looked{};
};

// One server of the vantage's region. Touched by the loop's thread only.
struct Beating {
  std::string cluster, server;
  RepeatedWrite beat, probe;
  Duty duty = Duty::kNone;
  std::optional<WriteFailure> logged_beat{}, logged_probe{};
};

}  // namespace

class Heartbeat::Loop {
 public:
  Loop(const Topology& topology, HeartbeatOptions options, Clock& clock);
  ~Loop() { stop(); }

  void start();
  void stop();
  void note(const Snapshot& snapshot);
  BeatStates states() const;

 private:
  void run(const std::stop_token& stop);
  void take_orders();
  void give_order(Beating& one, const Order& order, BootTime now);
  std::vector<pollfd> poll_entries() const;
  int poll_timeout(BootTime now) const;
  void publish();

  const HeartbeatOptions options_;
  Clock& clock_;
  // Shared with the resolver's threads, which may outlive this.
  const std::shared_ptr<WakeUp> wake_ = std::make_shared<WakeUp>();
  NameResolver resolver_;
  std::vector<Beating> beating_;

  mutable std::mutex mutex_;   // guards what follows
  std::vector<Order> orders_;  // as beating_
  BeatStates states_;

  std::jthread thread_;
};

Heartbeat::Loop::Loop(const Topology& topology, HeartbeatOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      resolver_(options_.resolve, [wake = wake_] { wake->raise(); }) {
  for (const ClusterConfig& cluster : topology.clusters)
    for (const ServerConfig& server : cluster.servers) {
      if (server.region != options_.vantage) continue;
      const Result<ConnectionParameters> parameters = ConnectionParameters::parse(server.conninfo);
      if (!parameters) continue;  // the observer says so, and never sees a primary there
      beating_.push_back(
          Beating{cluster.name, server.name,
                  RepeatedWrite(beat_kind(), *parameters, options_.beat, resolver_, clock_),
                  RepeatedWrite(probe_kind(), *parameters, options_.probe, resolver_, clock_)});
    }
  orders_.resize(beating_.size());
  states_.configured = true;
}

void Heartbeat::Loop::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_->raise();
  thread_.join();
  for (Beating& one : beating_) {
    one.beat.set_duty(Duty::kNone);
    one.probe.set_duty(Duty::kNone);
  }
}

void Heartbeat::Loop::start() {
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Heartbeat::Loop::note(const Snapshot& snapshot) {
  bool changed = false;
  {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < beating_.size(); ++i) {
      const ServerObservation* seen = snapshot.find(beating_[i].cluster, beating_[i].server);
      if (seen == nullptr) continue;
      const Order order{duty_at(snapshot, *seen, options_.vantage),
                        seen->attempt_finished.value_or(BootTime{})};
      changed = changed || order.duty != orders_[i].duty;
      orders_[i] = order;
    }
  }
  if (changed) wake_->raise();
}

BeatStates Heartbeat::Loop::states() const {
  const std::scoped_lock lock(mutex_);
  return states_;
}

void Heartbeat::Loop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> entries = poll_entries();
    poll(entries.data(), entries.size(), poll_timeout(clock_.boot_now()));
    if (entries.back().revents != 0) wake_->clear();
    take_orders();  // first: what was demoted meanwhile gets nothing more
    for (size_t i = 0; i < beating_.size(); ++i) {
      beating_[i].beat.step(entries[2 * i].revents);
      beating_[i].probe.step(entries[2 * i + 1].revents);
    }
    publish();
  }
}

void Heartbeat::Loop::take_orders() {
  std::vector<Order> orders;
  {
    const std::scoped_lock lock(mutex_);
    orders = orders_;
  }
  const BootTime now = clock_.boot_now();
  for (size_t i = 0; i < beating_.size(); ++i) give_order(beating_[i], orders[i], now);
}

void Heartbeat::Loop::give_order(Beating& one, const Order& order, BootTime now) {
  Duty duty = order.duty;
  // A look that is old (the observer stands still, the host was suspended) allows nothing.
  if (duty == Duty::kBeat && now - order.looked > options_.fresh_for) duty = Duty::kSilent;
  one.beat.set_duty(duty);
  one.probe.set_duty(duty);
  if ((duty == Duty::kNone) != (one.duty == Duty::kNone))
    log_info(duty == Duty::kNone ? "heartbeat ends" : "heartbeat begins",
             {{"cluster", one.cluster}, {"server", one.server}});
  one.duty = duty;
}

std::vector<pollfd> Heartbeat::Loop::poll_entries() const {
  std::vector<pollfd> entries;
  entries.reserve(2 * beating_.size() + 1);
  for (const Beating& one : beating_)
    for (const RepeatedWrite* write : {&one.beat, &one.probe})
      entries.push_back({.fd = write->socket(), .events = write->events(), .revents = 0});
  entries.push_back({.fd = wake_->fd(), .events = POLLIN, .revents = 0});
  return entries;
}

int Heartbeat::Loop::poll_timeout(BootTime now) const {
  // At most a second: poll waits on a clock that stands still while the host is suspended.
  BootTime until = now + 1s;
  for (const Beating& one : beating_) until = std::min({until, one.beat.wake_at(), one.probe.wake_at()});
  return static_cast<int>(std::max<int64_t>(0, std::chrono::ceil<milliseconds>(until - now).count()));
}

void Heartbeat::Loop::publish() {
  std::vector<BeatState> states;
  const auto tell = [](const Beating& one, const RepeatedWrite& write, const char* what,
                       std::optional<WriteFailure>& logged) {
    const std::optional<WriteFailure> newest = write.record().newest;
    if (newest && newest != logged) {
      if (*newest != WriteFailure::kNone)
        log_warn(what, {{"cluster", one.cluster},
                        {"server", one.server},
                        {"class", to_string(*newest)},
                        {"why", write.failure_text()}});
      else if (logged)
        log_info(what, {{"cluster", one.cluster}, {"server", one.server}, {"class", "none"}});
    }
    logged = newest;
  };
  for (Beating& one : beating_) {
    tell(one, one.beat, "heartbeat", one.logged_beat);
    tell(one, one.probe, "write probe", one.logged_probe);
    if (one.duty != Duty::kNone)
      states.push_back({one.cluster, one.server, one.beat.record(), one.probe.record()});
  }
  const std::scoped_lock lock(mutex_);
  states_.states = std::move(states);
}

Heartbeat::Heartbeat(const Topology& topology, HeartbeatOptions options, Clock& clock)
    : loop_(std::make_unique<Loop>(topology, std::move(options), clock)) {}
Heartbeat::~Heartbeat() = default;

void Heartbeat::start() { loop_->start(); }
void Heartbeat::stop() { loop_->stop(); }
void Heartbeat::note(const Snapshot& snapshot) { loop_->note(snapshot); }
BeatStates Heartbeat::states() const { return loop_->states(); }

HeartbeatOptions heartbeat_options(const ObserveSettings& observe, const std::string& vantage) {
  HeartbeatOptions options;
  options.vantage = vantage;
  options.fresh_for = 3 * observe.interval + observe.timeout;
  options.beat.interval = observe.heartbeat.value_or(options.beat.interval);
  options.beat.timeout = options.probe.timeout = observe.timeout;
  options.probe.interval = 3 * options.beat.interval;
  return options;
}

}  // namespace farshore

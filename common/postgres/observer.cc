#include "common/postgres/observer.h"

#include <poll.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "common/base/wake_up.h"
#include "common/postgres/server_probe.h"
#include "common/postgres/wal_history.h"

namespace farshore {
namespace {

// A session that is closed right after each answer must not make the loop spin.
constexpr nanoseconds kShortestPause = 100ms;

// Hundreds of servers answer one after the other: what they say within this time makes one snapshot.
constexpr nanoseconds kGather = 10ms;

constexpr size_t kBeats = 5;  // groups of servers that are looked at together, within an interval

// One server: its probe, when it is looked at next, and what is known of it. Touched by the loop's thread
// only.
struct Watched {
  ServerObservation observation;
  std::string conninfo;                // never changes, so any thread may read it
  std::unique_ptr<ServerProbe> probe;  // null when its conninfo cannot be read, which the observation says
  BootTime next;
  bool again = false;  // asked for while an attempt was under way
};

}  // namespace

class Observer::Loop {
 public:
  Loop(const Topology& topology, ObserverOptions options, Clock& clock);
  ~Loop() { stop(); }

  void take_over(const Loop& previous);
  void start();
  void stop();
  std::shared_ptr<const Snapshot> snapshot() const;
  std::vector<WalPoint> history(std::string_view cluster, std::string_view server) const;
  void look_now(std::string_view cluster);

  std::function<void(const Snapshot&)> callback;

 private:
  void add_server(const ClusterConfig& cluster, const ServerConfig& server);
  void run(const std::stop_token& stop);
  void begin_due_attempts(BootTime now);
  void advance_all(const std::vector<pollfd>& entries);
  std::vector<pollfd> poll_entries() const;
  int poll_timeout(BootTime now) const;
  void take_requests(BootTime now);
  void take_result(size_t index, const ProbeResult& result);
  void note_closed_session(Watched& watched);
  void publish();

  const ObserverOptions options_;
  Clock& clock_;
  // Shared with the resolver's threads, which may outlive this.
  const std::shared_ptr<WakeUp> wake_ = std::make_shared<WakeUp>();
  NameResolver resolver_;
  std::vector<Watched> watched_;  // in the order of the topology
  bool news_ = false;             // results that no snapshot shows yet
  BootTime published_{};

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<WalHistory> histories_;
  std::vector<std::string> requested_;  // clusters to look at now

  std::jthread thread_;
};

Observer::Loop::Loop(const Topology& topology, ObserverOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      resolver_(options_.resolve, [wake = wake_] { wake->raise(); }) {
  for (const ClusterConfig& cluster : topology.clusters)
    for (const ServerConfig& server : cluster.servers) add_server(cluster, server);
  publish();
}

void Observer::Loop::add_server(const ClusterConfig& cluster, const ServerConfig& server) {
  Watched& watched = watched_.emplace_back();
  watched.observation.cluster = cluster.name;
  watched.observation.region = server.region;
  watched.observation.server = server.name;
  watched.conninfo = server.conninfo;
  histories_.emplace_back(options_.interval, options_.history);
  Result<ConnectionParameters> parameters = ConnectionParameters::parse(server.conninfo);
  if (parameters) {
    ProbeOptions probe{options_.application_name, options_.timeout, options_.scope, options_.interval,
                       options_.slow_interval};
    watched.probe =
        std::make_unique<ServerProbe>(std::move(*parameters), std::move(probe), resolver_, clock_);
  } else {
    watched.observation.failure = FailureClass::kDns;  // the observer's own trouble, no word about the server
    watched.observation.failure_text = parameters.error().message;
  }
}

void Observer::Loop::take_over(const Loop& previous) {
  const std::shared_ptr<const Snapshot> seen = previous.snapshot();
  for (size_t i = 0; i < watched_.size(); ++i) {
    ServerObservation& mine = watched_[i].observation;
    const auto same = std::ranges::find_if(previous.watched_, [&](const Watched& other) {
      return other.observation.cluster == mine.cluster && other.observation.server == mine.server &&
             other.conninfo == watched_[i].conninfo;
    });
    const ServerObservation* theirs = seen->find(mine.cluster, mine.server);
    if (same == previous.watched_.end() || theirs == nullptr) continue;
    mine.facts = theirs->facts;
    mine.last_success = theirs->last_success;
    mine.replay_stalled_since = theirs->replay_stalled_since;
    histories_[i].restore(previous.history(mine.cluster, mine.server));
  }
  publish();
}

void Observer::Loop::start() {
  if (thread_.joinable()) return;
  // In turn: hundreds of sessions that begin at the same instant would wait for each other, here and where
  // servers share hosts. In few groups, because a snapshot is published for each.
  const size_t group = (watched_.size() + kBeats - 1) / kBeats;
  const nanoseconds apart =
      std::min<nanoseconds>(5ms * static_cast<int64_t>(group), options_.interval / kBeats);
  const BootTime now = clock_.boot_now();
  for (size_t i = 0; i < watched_.size(); ++i)
    watched_[i].next = now + apart * static_cast<int64_t>(i / group);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Observer::Loop::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_->raise();
  thread_.join();
  for (Watched& watched : watched_)
    if (watched.probe) watched.probe->close();
}

std::shared_ptr<const Snapshot> Observer::Loop::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return snapshot_;
}

std::vector<WalPoint> Observer::Loop::history(std::string_view cluster, std::string_view server) const {
  const std::scoped_lock lock(mutex_);
  for (size_t i = 0; i < snapshot_->servers.size(); ++i)
    if (snapshot_->servers[i].cluster == cluster && snapshot_->servers[i].server == server)
      return histories_[i].points();
  return {};
}

void Observer::Loop::look_now(std::string_view cluster) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::ranges::find(requested_, cluster) == requested_.end()) requested_.emplace_back(cluster);
  }
  wake_->raise();
}

void Observer::Loop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const BootTime now = clock_.boot_now();
    take_requests(now);
    begin_due_attempts(now);
    std::vector<pollfd> entries = poll_entries();
    poll(entries.data(), entries.size(), poll_timeout(clock_.boot_now()));
    if (entries.back().revents != 0) wake_->clear();
    advance_all(entries);
    if (news_ && clock_.boot_now() - published_ >= kGather) publish();
  }
}

void Observer::Loop::take_requests(BootTime now) {
  std::vector<std::string> requested;
  {
    const std::scoped_lock lock(mutex_);
    requested.swap(requested_);
  }
  for (const std::string& cluster : requested)
    for (Watched& watched : watched_) {
      if (watched.observation.cluster != cluster || !watched.probe) continue;
      if (watched.probe->busy())
        watched.again = true;
      else
        watched.next = now;
    }
}

void Observer::Loop::begin_due_attempts(BootTime now) {
  for (size_t i = 0; i < watched_.size(); ++i) {
    Watched& watched = watched_[i];
    if (!watched.probe || watched.probe->busy() || now < watched.next) continue;
    // Kept on its own beat; beats that were missed (a long attempt, a suspended host) are not made up for.
    watched.next += options_.interval;
    if (watched.next <= now) watched.next = now + options_.interval;
    if (const std::optional<ProbeResult> result = watched.probe->begin()) take_result(i, *result);
  }
}

std::vector<pollfd> Observer::Loop::poll_entries() const {
  std::vector<pollfd> entries;
  entries.reserve(watched_.size() + 1);
  for (const Watched& watched : watched_)
    entries.push_back({.fd = watched.probe ? watched.probe->socket() : -1,
                       .events = watched.probe ? watched.probe->events() : short{0},
                       .revents = 0});
  entries.push_back({.fd = wake_->fd(), .events = POLLIN, .revents = 0});
  return entries;
}

int Observer::Loop::poll_timeout(BootTime now) const {
  // At most a second: poll waits on a clock that stands still while the host is suspended.
  BootTime until = news_ ? published_ + kGather : now + 1s;
  for (const Watched& watched : watched_)
    if (watched.probe)
      until = std::min(until, watched.probe->busy() ? watched.probe->deadline() : watched.next);
  return static_cast<int>(std::max<int64_t>(0, std::chrono::ceil<milliseconds>(until - now).count()));
}

void Observer::Loop::advance_all(const std::vector<pollfd>& entries) {
  for (size_t i = 0; i < watched_.size(); ++i) {
    Watched& watched = watched_[i];
    if (!watched.probe) continue;
    if (const std::optional<ProbeResult> result = watched.probe->advance(entries[i].revents))
      take_result(i, *result);
    if (watched.probe->take_session_closed()) note_closed_session(watched);
    if (auto slow = watched.probe->slow(); slow && slow != watched.observation.slow) {
      watched.observation.slow = std::move(slow);
      news_ = true;
    }
  }
}

void Observer::Loop::note_closed_session(Watched& watched) {
  // The published state stays until the new attempt has a result of its own.
  const BootTime earliest = watched.observation.attempt_started.value_or(BootTime{}) + kShortestPause;
  watched.next = std::min(watched.next, std::max(clock_.boot_now(), earliest));
}

void Observer::Loop::take_result(size_t index, const ProbeResult& result) {
  Watched& watched = watched_[index];
  ServerObservation& observation = watched.observation;
  // A dying server still accepts connections and closes them, which is neither silence nor life: the next
  // attempt will tell, and begins at once. Only one does, for something in between may go on like that for
  // ever.
  if (result.failure.failure == FailureClass::kClosed && observation.failure != FailureClass::kClosed)
    watched.next = std::min(watched.next, result.finished);
  observation.attempt_started = result.started;
  observation.attempt_finished = result.finished;
  observation.attempt_new_session = result.new_session;
  observation.failure = result.failure.failure;
  observation.failure_text = result.failure.text;
  observation.up = result.facts.has_value();
  if (result.facts) {
    observation.replay_stalled_since = replay_stalled_since(observation, *result.facts, result.finished);
    observation.facts = result.facts;
    observation.last_success = result.finished;
    observation.last_success_wall = result.answered_at;
    observation.round_trip = result.round_trip;
    const std::scoped_lock lock(mutex_);
    histories_[index].add(result.finished, *result.facts);
  }
  news_ = true;
  if (std::exchange(watched.again, false)) watched.next = clock_.boot_now();
}

void Observer::Loop::publish() {
  auto next = std::make_shared<Snapshot>();
  next->taken = published_ = clock_.boot_now();
  news_ = false;
  next->servers.reserve(watched_.size());
  for (const Watched& watched : watched_) next->servers.push_back(watched.observation);
  {
    const std::scoped_lock lock(mutex_);
    snapshot_ = next;
  }
  if (callback) callback(*next);
}

Observer::Observer(const Topology& topology, ObserverOptions options, Clock& clock)
    : loop_(std::make_unique<Loop>(topology, std::move(options), clock)) {}
Observer::~Observer() = default;

void Observer::take_over(const Observer& previous) { loop_->take_over(*previous.loop_); }
void Observer::start() { loop_->start(); }
void Observer::stop() { loop_->stop(); }
std::shared_ptr<const Snapshot> Observer::snapshot() const { return loop_->snapshot(); }
std::vector<WalPoint> Observer::history(std::string_view cluster, std::string_view server) const {
  return loop_->history(cluster, server);
}
void Observer::look_now(std::string_view cluster) { loop_->look_now(cluster); }
void Observer::on_snapshot(std::function<void(const Snapshot&)> callback) {
  loop_->callback = std::move(callback);
}

}  // namespace farshore

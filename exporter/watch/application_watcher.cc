#include "exporter/watch/application_watcher.h"

#include <algorithm>
#include <thread>

#include "common/base/log.h"
#include "common/http/prober.h"
#include "common/postgres/name_resolver.h"
#include "common/topology/address.h"
#include "exporter/change_log.h"
#include "exporter/watch/board.h"

namespace farshore {
namespace {

constexpr nanoseconds kLookupPoll = 20ms;  // how soon a look-up that ended is noticed

struct Probe {
  ApplicationConfig config;
  std::string host;  // to look up; empty when the URL holds an address
  BootTime due{};
  BootTime deadline{};
  std::shared_ptr<const NameLookup> lookup;  // set while the host is looked up
  bool under_way = false;                    // looking up or asking
};

ProbeOutcome no_address(std::string why) {
  ProbeOutcome outcome;
  outcome.failure = ProbeFailure::kDns;
  outcome.failure_text = std::move(why);
  return outcome;
}

}  // namespace

class ApplicationWatcher::Loop {
 public:
  Loop(const Topology& topology, const WatchSettings& settings, Clock& clock)
      : clock_(clock), settings_(settings), board_(observations(topology)) {
    for (const ClusterConfig& cluster : topology.clusters)
      for (const ApplicationConfig& application : cluster.applications)
        probes_.push_back(make_probe(application));
  }

  ~Loop() { stop(); }

  void take_over(const ApplicationList& previous) {
    board_.take_over(previous, [](const ApplicationObservation& a, const ApplicationObservation& b) {
      return a.cluster == b.cluster && a.application == b.application && a.region == b.region;
    });
  }

  void start() {
    if (probes_.empty()) return;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void stop() {
    thread_.request_stop();
    prober_.wake();
    if (thread_.joinable()) thread_.join();
  }

  std::shared_ptr<const ApplicationList> list() const { return board_.list(); }

 private:
  static ApplicationList observations(const Topology& topology) {
    ApplicationList list;
    for (const ClusterConfig& cluster : topology.clusters)
      for (const ApplicationConfig& application : cluster.applications) {
        ApplicationObservation& entry = list.emplace_back();
        entry.cluster = cluster.name;
        entry.application = application.name;
        entry.region = application.region;
      }
    return list;
  }

  static Probe make_probe(const ApplicationConfig& application) {
    Probe probe;
    probe.config = application;
    if (const auto endpoint = host_port_of_url(application.health_url))
      if (!is_ipv4(endpoint->host) && !is_ipv6(endpoint->host)) probe.host = endpoint->host;
    return probe;
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const BootTime now = clock_.boot_now();
      BootTime next = now + settings_.interval;
      for (size_t i = 0; i < probes_.size(); ++i) {
        Probe& probe = probes_[i];
        if (!probe.under_way && probe.due <= now) begin(i, now);
        if (probe.lookup) follow_lookup(i, now);
        if (probe.lookup) next = std::min(next, now + kLookupPoll);
        if (!probe.under_way) next = std::min(next, probe.due);
      }
      prober_.run(next - now, [this](size_t id, ProbeOutcome outcome) { finish(id, outcome); });
    }
  }

  void begin(size_t index, BootTime now) {
    Probe& probe = probes_[index];
    probe.under_way = true;
    probe.due = now + settings_.interval;
    probe.deadline = now + settings_.timeout;
    if (probe.host.empty())
      ask(index, now, {});
    else
      probe.lookup = resolver_.look_up(probe.host);
  }

  void follow_lookup(size_t index, BootTime now) {
    Probe& probe = probes_[index];
    const auto result = probe.lookup->result();
    if (!result && now < probe.deadline) return;
    probe.lookup.reset();
    if (!result)
      finish(index, no_address("looking up " + probe.host + " takes too long"));
    else if (!*result)
      finish(index, no_address(result->error().message));
    else
      ask(index, now, **result);
  }

  void ask(size_t index, BootTime now, std::vector<std::string> addresses) {
    const Probe& probe = probes_[index];
    ProbeRequest request;
    request.url = probe.config.health_url;
    request.addresses = std::move(addresses);
    request.timeout = std::max<nanoseconds>(probe.deadline - now, 1ms);
    prober_.begin(index, request);
  }

  void finish(size_t index, const ProbeOutcome& outcome) {
    probes_[index].under_way = false;
    const HealthAnswer answer = judge_health(outcome);
    ApplicationObservation seen = (*board_.list())[index];
    seen.finished = clock_.boot_now();
    seen.failure = answer.failure;
    seen.failure_text = outcome.failure_text;
    seen.state = answer.state;
    seen.certificate_expiry = outcome.certificate_expiry;
    const bool answered = outcome.status != 0;
    seen.status = answered ? std::optional(outcome.status) : std::nullopt;
    seen.latency = answered ? std::optional(outcome.took) : std::nullopt;
    if (answer.failure == ApplicationFailure::kNone) seen.last_success = clock_.wall_now();
    note(seen);
    board_.put(index, std::move(seen));
  }

  void note(const ApplicationObservation& seen) {
    const std::string status = seen.status ? std::to_string(*seen.status) : "";
    const std::string state = fmt::format("{} {}", to_string(seen.failure), status);
    if (!changes_.changed(seen.cluster + "/" + seen.application + "/" + seen.region, state)) return;
    const bool up = seen.failure == ApplicationFailure::kNone;
    log(up ? LogLevel::kInfo : LogLevel::kWarn, up ? "application is up" : "application is not up",
        {{"cluster", seen.cluster},
         {"application", seen.application},
         {"region", seen.region},
         {"class", to_string(seen.failure)},
         {"status", status},
         {"why", seen.failure_text}});
  }

  Clock& clock_;
  const WatchSettings settings_;
  Board<ApplicationObservation> board_;
  ChangeLog changes_;
  std::vector<Probe> probes_;
  NameResolver resolver_;
  HttpProber prober_;
  std::jthread thread_;  // uses all of the above: goes first
};

ApplicationWatcher::ApplicationWatcher(const Topology& topology, const WatchSettings& settings, Clock& clock)
    : loop_(std::make_unique<Loop>(topology, settings, clock)) {}
ApplicationWatcher::~ApplicationWatcher() = default;
void ApplicationWatcher::take_over(const ApplicationList& previous) { loop_->take_over(previous); }
void ApplicationWatcher::start() { loop_->start(); }
void ApplicationWatcher::stop() { loop_->stop(); }
std::shared_ptr<const ApplicationList> ApplicationWatcher::list() const { return loop_->list(); }

}  // namespace farshore

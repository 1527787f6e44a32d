#include "tests/actuator/webhook/stream_world.h"

#include <sstream>
#include <stdexcept>

#include "actuator/journal/sqlite_journal.h"

namespace farshore::test {
namespace {

class WordAuthenticator : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization == "Bearer webhook") return Principal{"am", {Role::kWebhook}};
    if (authorization == "Bearer operator") return Principal{"anna", {Role::kOperator}};
    return fail(ErrorCode::kPermission, "not known");
  }
};

ServerConfig server(const std::string& name, const std::string& region) {
  ServerConfig config;
  config.name = name;
  config.region = region;
  return config;
}

ClusterConfig cluster(const std::string& name, std::vector<ServerConfig> servers) {
  ClusterConfig config;
  config.name = name;
  config.servers = std::move(servers);
  config.failover.mode = FailoverMode::kApprove;
  config.failover.confirm_for = 10s;
  return config;
}

}  // namespace

std::string alert_json(const LossReport& loss) {
  const std::string starts_at =
      loss.starts_at.empty() ? format_rfc3339(system_clock().wall_now()) : loss.starts_at;
  return fmt::format(
      R"({{"status":"{}","labels":{{"alertname":"FarshorePrimaryDown","farshore_action":"failover",)"
      R"("cluster":"{}","region":"{}","server":"{}","epoch":"{}"}},"annotations":{{}},"startsAt":"{}",)"
      R"("endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"{}"}})",
      loss.status, loss.cluster, loss.region, loss.server, loss.epoch, starts_at, loss.fingerprint);
}

std::string body_json(const std::vector<std::string>& alerts, const std::string& group_key,
                      const std::string& external_url) {
  return fmt::format(
      R"({{"version":"4","groupKey":"{}","truncatedAlerts":0,"status":"firing","receiver":"actuator_1",)"
      R"("groupLabels":{{}},"commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"{}","alerts":[{}]}})",
      group_key, external_url, fmt::join(alerts, ","));
}

class StreamWorld::View final : public ClusterView {
 public:
  explicit View(StreamWorld& world) : world_(world) {}
  // The primaries are silent, as a new session found just now; the standbys answer.
  std::shared_ptr<const Snapshot> snapshot() const override {
    auto snapshot = std::make_shared<Snapshot>();
    const BootTime now = system_clock().boot_now();
    snapshot->taken = now;
    for (const ClusterConfig& cluster : world_.topology_.clusters)
      for (const ServerConfig& config : cluster.servers) {
        ServerObservation seen;
        seen.cluster = cluster.name;
        seen.server = config.name;
        seen.region = config.region;
        seen.up = &config != &cluster.servers.front() || world_.primaries_live;
        seen.failure = seen.up ? FailureClass::kNone : FailureClass::kTimeout;
        seen.attempt_started = seen.attempt_finished = now;
        seen.attempt_new_session = true;
        if (seen.up) seen.last_success = now;
        snapshot->servers.push_back(std::move(seen));
      }
    return snapshot;
  }
  std::vector<WalPoint> history(const std::string&) const override { return {}; }
  void look_now() override {}

 private:
  StreamWorld& world_;
};

class StreamWorld::Votes final : public AlertVotes {
 public:
  explicit Votes(StreamWorld& world) : world_(world) {}
  void watch(const std::string&, int64_t, const std::string&) override {}
  void unwatch(const std::string&) override {}
  std::vector<AlertVote> latest(const std::string&) override {
    AlertVote vote;
    vote.region = "eu-central";
    vote.vote = world_.alert_fires ? Vote::kFiring : Vote::kNotFiring;
    vote.asked = system_clock().boot_now();
    return {vote};
  }
  int quorum() const override { return 1; }

 private:
  StreamWorld& world_;
};

// A standby that could be promoted and hears nothing of its primary. Anything that would touch it fails.
class StreamWorld::Standby final : public PostgresServer {
 public:
  Standby(std::string name, std::string region, EpochRow row)
      : name_(std::move(name)), region_(std::move(region)), row_(std::move(row)) {}
  const std::string& name() const override { return name_; }
  const std::string& region() const override { return region_; }
  Result<ServerLook> look(BootTime, FailureClass*) override {
    ServerLook look;
    look.facts.in_recovery = true;
    look.facts.system_identifier = "77";
    look.facts.timeline = 1;
    look.facts.receive = look.facts.replay = Lsn(0x3000000);
    look.epoch_row = row_;
    return look;
  }
  Result<SavedSettings> read_settings(BootTime) override { return untouchable(); }
  Status cut_streams(BootTime) override { return untouchable(); }
  Status push_replay(BootTime) override { return untouchable(); }
  Status make_slot(const std::string&, BootTime) override { return untouchable(); }
  Status restore_settings(const SavedSettings&, BootTime) override { return untouchable(); }
  Status promote(BootTime) override { return untouchable(); }
  Status commit_epoch_row(const EpochRow&, BootTime) override { return untouchable(); }
  Status request_checkpoint(BootTime) override { return untouchable(); }

 private:
  static tl::unexpected<Error> untouchable() { return fail(ErrorCode::kConflict, "not in this test"); }

  const std::string name_, region_;
  const EpochRow row_;
};

class StreamWorld::Nobody final : public Notifier {
 public:
  void tell(const Event&) override {}
};

StreamWorld::StreamWorld(nanoseconds body_deadline) : body_deadline_(body_deadline) {
  topology_.clusters = {
      cluster("shop", {server("shop-us", "us-east"), server("shop-eu", "eu-west")}),
      cluster("crm", {server("crm-us", "us-east"), server("crm-eu", "eu-west")}),
      cluster("billing", {server("billing-eu", "eu-west"), server("billing-us", "us-east")})};
  token_file_ = folder_.write("operator.token", "operator\n");
  view_ = std::make_unique<View>(*this);
  votes_ = std::make_unique<Votes>(*this);
  nobody_ = std::make_unique<Nobody>();
  for (const ClusterConfig& config : topology_.clusters)
    standbys_.push_back(std::make_unique<Standby>(config.servers[1].name, config.servers[1].region,
                                                  EpochRow{config.name, 1, config.servers[0].name}));
  start();
  for (const ClusterConfig& config : topology_.clusters)
    if (!journal->adopt({config.name, 1, config.servers[0].name, 1, "77", system_clock().wall_now()}))
      throw std::runtime_error("no reign for " + config.name);
  supervisor_->start();
}

StreamWorld::~StreamWorld() { stop(); }

void StreamWorld::start() {
  auto opened = open_sqlite_journal(folder_.file("journal.sqlite"), system_clock());
  if (!opened) throw std::runtime_error(opened.error().message);
  journal = std::move(*opened);
  std::vector<EngineDeps> all;
  for (size_t i = 0; i < topology_.clusters.size(); ++i) {
    EngineDeps deps;
    deps.cluster = &topology_.clusters[i];
    deps.clock = &system_clock();
    deps.journal = journal.get();
    deps.view = view_.get();
    deps.votes = votes_.get();
    deps.servers = {standbys_[i].get()};
    deps.parallel = &thread_parallel();
    deps.notifier = nobody_.get();
    all.push_back(deps);
  }
  supervisor_ = std::make_unique<Supervisor>(std::move(all), *journal, system_clock());
  counters_ = std::make_unique<WebhookCounters>();
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  options.threads = kWorkers;
  options.body_deadline = body_deadline_;
  options.authenticator = std::make_shared<WordAuthenticator>();
  options.on_refused = [this](std::string_view reason) { counters_->count_http_refused(reason); };
  auto served = HttpServer::start(
      std::move(options), actuator_routes({*journal, *supervisor_, topology_, system_clock(), *counters_}));
  if (!served) throw std::runtime_error(served.error().message);
  server_ = std::move(*served);
}

void StreamWorld::stop() {
  server_.reset();
  supervisor_.reset();
  journal.reset();
}

void StreamWorld::restart_process() {
  stop();
  start();
  supervisor_->start();
}

HttpResponse StreamWorld::deliver(const std::string& body) {
  HttpRequest request{"POST",
                      fmt::format("http://127.0.0.1:{}/api/v1/alerts", port()),
                      {{"Content-Type", "application/json"}, {"Authorization", "Bearer webhook"}},
                      body};
  request.timeout = 60s;
  const auto answer = make_curl_client()->send(request);
  return answer ? *answer : HttpResponse{0, {}, answer.error().message};
}

std::string StreamWorld::get(const std::string& path) {
  const auto answer = make_curl_client()->send({"GET",
                                                fmt::format("http://127.0.0.1:{}{}", port(), path),
                                                {{"Authorization", "Bearer operator"}},
                                                ""});
  return answer && answer->status == 200 ? answer->body : "";
}

CtlAnswer StreamWorld::ctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "farshorectl");
  arguments.push_back(fmt::format("--actuator.url=http://127.0.0.1:{}", port()));
  arguments.push_back("--actuator.token-file=" + token_file_);
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, err;
  const auto http = make_curl_client();
  const int code = run_ctl(static_cast<int>(argv.size()), argv.data(),
                           {out, err, *http, [](const auto&) { return true; }});
  return {code, out.str(), err.str()};
}

bool StreamWorld::wait_for(const std::function<bool()>& condition, nanoseconds limit) {
  const BootTime until = system_clock().boot_now() + limit;
  while (!condition()) {
    if (system_clock().boot_now() > until) return false;
    system_clock().sleep_for(5ms);
  }
  return true;
}

bool StreamWorld::decided() {
  return wait_for([this] {
    for (const ClusterConfig& config : topology_.clusters)
      if (!journal->pending_alerts(config.name).value().empty()) return false;
    return true;
  });
}

std::vector<std::string> StreamWorld::verdicts() {
  std::vector<std::string> found;
  const auto alerts = journal->recent_alerts(10'000).value();
  for (auto alert = alerts.rbegin(); alert != alerts.rend(); ++alert)
    found.push_back(alert->verdict + ": " + alert->reason);
  return found;
}

}  // namespace farshore::test

#include "actuator/actuator.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "actuator/alerts/prometheus_votes.h"
#include "actuator/api/api.h"
#include "actuator/fence/registry.h"
#include "actuator/hooks/command_hooks.h"
#include "actuator/journal/sqlite_journal.h"
#include "actuator/postgres/admin_server.h"
#include "actuator/traffic/registry.h"
#include "common/base/log.h"
#include "common/http/access.h"

namespace farshore {
namespace {

constexpr int kHttpThreads = 16;  // slow webhook clients fewer than these delay nobody

// The part of the observer that one cluster's engine sees.
class ObserverView final : public ClusterView {
 public:
  ObserverView(Observer& observer, std::string cluster) : observer_(observer), cluster_(std::move(cluster)) {}
  std::shared_ptr<const Snapshot> snapshot() const override { return observer_.snapshot(); }
  std::vector<WalPoint> history(const std::string& server) const override {
    return observer_.history(cluster_, server);
  }
  void look_now() override { observer_.look_now(cluster_); }

 private:
  Observer& observer_;
  const std::string cluster_;
};

// The log, and whoever the topology names.
class ToldEverywhere final : public Notifier {
 public:
  explicit ToldEverywhere(Notifications& notifications) : notifications_(notifications) {}
  void tell(const Event& event) override {
    const LogLevel level = event.kind == "held" ? LogLevel::kWarn : LogLevel::kInfo;
    log(level, event.message, {{"cluster", event.cluster}, {"run", event.run_id}, {"event", event.kind}});
    notifications_.tell(event.cluster, event.run_id, event.kind, event.message);
  }

 private:
  Notifications& notifications_;
};

}  // namespace

// What belongs to one cluster; the engine borrows it.
struct Actuator::Cluster {
  std::unique_ptr<ClusterView> view;
  std::vector<std::unique_ptr<PostgresServer>> servers;
  std::vector<std::unique_ptr<Fence>> fences;
  std::vector<std::unique_ptr<TrafficSwitch>> traffic;
  std::unique_ptr<Hooks> hooks;
  EngineDeps deps;
};

Actuator::Actuator(Topology topology, Clock& clock) : clock_(clock), topology_(std::move(topology)) {}

Actuator::~Actuator() {
  if (supervisor_) supervisor_->request_stop();  // first: a run goes no further than the row it is at
  server_.reset();
  supervisor_.reset();
  if (observer_) observer_->stop();
}

Result<std::unique_ptr<Actuator>> Actuator::start(Topology topology, const ActuatorOptions& options,
                                                  Clock& clock) {
  std::unique_ptr<Actuator> actuator(new Actuator(std::move(topology), clock));
  if (auto opened = actuator->open_journal(options.storage_path); !opened)
    return tl::unexpected<Error>(opened.error());
  actuator->http_ = make_curl_client();
  actuator->commands_ = make_command_runner(clock);
  actuator->dns_ = make_dns_resolver(clock);
  const Topology& config = actuator->topology_;
  auto notifications = Notifications::make(config, *actuator->http_, *actuator->journal_, clock);
  if (!notifications) return tl::unexpected<Error>(notifications.error());
  actuator->notifications_ = std::move(*notifications);
  actuator->notifier_ = std::make_unique<ToldEverywhere>(*actuator->notifications_);
  actuator->votes_ = make_prometheus_votes(config.prometheus, *actuator->http_, clock);
  ObserverOptions observe;
  observe.interval = config.observe.interval;
  observe.timeout = config.observe.timeout;
  observe.application_name = "farshore-actuator";
  actuator->observer_ = std::make_unique<Observer>(config, observe, clock);
  for (const ClusterConfig& cluster : config.clusters)
    if (auto built = actuator->build_cluster(cluster); !built) return tl::unexpected<Error>(built.error());

  std::vector<EngineDeps> deps;
  for (const auto& cluster : actuator->clusters_) deps.push_back(cluster->deps);
  actuator->supervisor_ = std::make_unique<Supervisor>(std::move(deps), *actuator->journal_, clock);
  if (auto served = actuator->serve(options); !served) return tl::unexpected<Error>(served.error());
  actuator->observer_->start();
  actuator->supervisor_->start();
  actuator->notifications_->start();
  return actuator;
}

Status Actuator::open_journal(const std::string& storage_path) {
  std::error_code error;
  std::filesystem::create_directories(storage_path, error);
  if (error)
    return fail(ErrorCode::kUnavailable, "--storage.path={}: cannot be made: {}", storage_path,
                error.message());
  auto journal =
      open_sqlite_journal((std::filesystem::path(storage_path) / "journal.sqlite").string(), clock_);
  if (!journal) return tl::unexpected<Error>(journal.error());
  journal_ = std::move(*journal);
  return {};
}

Status Actuator::build_cluster(const ClusterConfig& config) {
  auto cluster = std::make_unique<Cluster>();
  cluster->view = std::make_unique<ObserverView>(*observer_, config.name);
  EngineDeps& deps = cluster->deps;
  for (const ServerConfig& server : config.servers) {
    if (!server.admin)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: server {} has no 'admin' role, and the actuator needs one", topology_.source,
                  server.name);
    cluster->servers.push_back(make_postgres_server(config.name, server, clock_));
    deps.servers.push_back(cluster->servers.back().get());
  }
  for (const FenceConfig& fence : config.fences) {
    const ServerConfig* server = config.find_server(fence.server);
    auto made = make_fence(fence, {*http_, *commands_, clock_, config.name, server ? server->region : ""});
    if (!made) return tl::unexpected<Error>(made.error());
    cluster->fences.push_back(std::move(*made));
    deps.fences.push_back(cluster->fences.back().get());
  }
  for (const TrafficConfig& traffic : config.traffic) {
    auto made = make_traffic_switch(traffic, {*http_, *commands_, *dns_, clock_, config.name});
    if (!made) return tl::unexpected<Error>(made.error());
    cluster->traffic.push_back(std::move(*made));
    deps.traffic.push_back(cluster->traffic.back().get());
  }
  cluster->hooks = make_command_hooks(config.hooks, *commands_, clock_);
  deps.hooks = cluster->hooks.get();
  deps.cluster = &config;
  deps.observe_interval = topology_.observe.interval;
  deps.clock = &clock_;
  deps.journal = journal_.get();
  deps.view = cluster->view.get();
  deps.votes = votes_.get();
  deps.parallel = &thread_parallel();
  deps.notifier = notifier_.get();
  clusters_.push_back(std::move(cluster));
  return {};
}

Status Actuator::serve(const ActuatorOptions& options) {
  auto access = load_access(options.access_file);
  if (!access) return tl::unexpected<Error>(access.error());
  auto authenticator = make_authenticator(std::move(*access));
  if (!authenticator) return tl::unexpected<Error>(authenticator.error());
  HttpServerOptions http;
  http.threads = kHttpThreads;
  http.authenticator = std::move(*authenticator);
  http.on_refused = [this](std::string_view reason) { counters_.count_http_refused(reason); };
  page_ = std::make_unique<StatusPage>(PageDeps{*journal_, *supervisor_, clock_, http.authenticator});
  auto routes = actuator_routes({*journal_, *supervisor_, topology_, clock_, counters_,
                                 [this] { return page_->failed_sign_ins(); },
                                 [this] { return notifications_->counts(); }});
  std::ranges::move(page_->routes(), std::back_inserter(routes));
  auto server = WebServer::start(options.web, PasswordSource::kAccessFile, http, std::move(routes));
  if (!server) return tl::unexpected<Error>(server.error());
  server_ = std::move(*server);
  return {};
}

}  // namespace farshore

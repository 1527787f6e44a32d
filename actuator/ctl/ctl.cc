#include "actuator/ctl/ctl.h"

#include <ostream>

#include "actuator/ctl/actuator_client.h"
#include "actuator/ctl/ctl_local.h"
#include "actuator/ctl/json_text.h"
#include "actuator/ctl/words.h"
#include "common/cli/command_line.h"
#include "common/json/json_writer.h"
#include "common/topology/topology.h"

namespace farshore {
namespace {

class Ctl {
 public:
  explicit Ctl(const CtlEnvironment& environment) : env_(environment) { describe(); }

  int run(int argc, const char* const* argv) {
    if (const auto exit_code = line_.parse(argc, argv, env_.out, env_.err)) return *exit_code;
    for (const auto& [command, action] : actions_)
      if (command->chosen()) return action();
    return kExitUsage;
  }

 private:
  using Action = std::function<int()>;

  void describe() {
    line_.root()
        .flag("config.file", config_file_, "The topology file.")
        .flag("actuator.url", urls_, "Where the actuator answers; else the actuators of the topology.")
        .flag("actuator.token-file", token_file_, "File with the bearer token.")
        .flag("json", json_, "Print what a reading verb reads as JSON.")
        .must_choose();
    describe_reading();
    describe_orders();
    describe_local();
  }

  Command& verb(Command& parent, const char* name, const char* help, Action action) {
    Command& command = parent.command(name, help);
    actions_.emplace_back(&command, std::move(action));
    return command;
  }

  void describe_reading() {
    Command& root = line_.root();
    verb(root, "status", "Is every cluster protected, and if not, why?", [this] {
      return status();
    }).positional("cluster", cluster_, "Only this cluster.", Need::kOptional);
    verb(root, "plan", "Could this cluster be failed over now, to whom, and what stands in the way?", [this] {
      return plan();
    }).positional("cluster", cluster_, "The cluster.");
    verb(root, "runs", "The newest runs.", [this] {
      return runs();
    }).flag("limit", limit_, "At most so many, 1 to 1000.");
    verb(root, "show", "Everything about one run.", [this] {
      return show();
    }).positional("run", run_, "As in `runs`: shop-4.");
    verb(root, "why", "Why a run went as it did, or an alert was refused.", [this] { return why(); })
        .positional("subject", run_,
                    "A run (shop-4), the number of an alert (17), or a cluster for its newest run.");
  }

  void describe_orders() {
    Command& root = line_.root();
    verb(root, "pause", "Start no failover of a cluster until it is resumed.", [this] { return pause(); })
        .positional("cluster", cluster_, "The cluster.")
        .flag("reason", reason_, "Told to everybody who asks.");
    verb(root, "resume", "End a pause.", [this] {
      return order("clusters", cluster_, "resume", "{}");
    }).positional("cluster", cluster_, "The cluster.");
    verb(root, "unlatch", "Let failovers start again after Farshore stopped all of them.",
         [this] { return unlatch(); });
    verb(root, "adopt", "Name the primary when the journal is lost or behind.", [this] { return adopt(); })
        .positional("cluster", cluster_, "The cluster.")
        .flag("server", server_, "The server that is its primary.", Need::kRequired);
    verb(root, "approve", "Permit what a held run needs, after showing it.", [this] { return approve(); })
        .positional("run", run_, "The held run.")
        .flag("digest", digest_, "Only if the facts are still those that were shown with this digest.")
        .flag("yes", yes_, "Do not ask.");
    verb(root, "retry", "Start a held run again with new observations.", [this] {
      return order("runs", run_, "retry", "{}");
    }).positional("run", run_, "The held run.");
    verb(root, "abandon", "End a held run.", [this] {
      return order("runs", run_, "abandon", "{}");
    }).positional("run", run_, "The held run.");
  }

  void describe_local() {
    Command& root = line_.root();
    verb(root, "check-config", "Check a topology file as a whole.",
         [this] { return check_config(check_, json_, env_); })
        .positional("file", check_.file, "Instead of --config.file.", Need::kOptional)
        .flag("print", check_.print, "Print it with every default filled in.")
        .flag("live", check_.live, "Also connect to everything it names, and change nothing.");
    verb(root, "steps", "The failover, step by step.", [this] {
      return print_steps(markdown_, json_, env_);
    }).flag("markdown", markdown_, "As docs/failover-steps.md holds it.");
    Command& generate = root.command("generate", "Render what follows from the topology.").must_choose();
    verb(generate, "rules", "Alert rules for every Prometheus.", [this] { return generate_text("rules"); })
        .flag("threshold", generate_.thresholds, "name=value instead of the pack's own; can be repeated.")
        .flag("runbook-url", generate_.runbook_url, "Where people find the runbooks: <url>/<alert>.md.");
    verb(generate, "prometheus", "Configuration of one Prometheus.",
         [this] { return generate_text("prometheus"); })
        .flag("region", generate_.region, "The region it stands in.", Need::kRequired)
        .flag("rule-file", generate_.rule_file, "Where its rules are.");
    verb(generate, "alertmanager", "Configuration of every Alertmanager.",
         [this] { return generate_text("alertmanager"); })
        .flag("token-file", generate_.token_file, "File with the token of the webhook role, on its host.")
        .flag("tls-folder", generate_.tls_folder,
              "Folder with ca.pem, alertmanager.pem and .key on its host: mutual TLS.");
    verb(generate, "sql", "Roles, grants and the epoch table.", [this] { return generate_text("sql"); })
        .flag("cluster", generate_.cluster, "The cluster; may be left out when there is one.")
        .flag("postgres-version", generate_.postgres_version, "Major version, 13 to 17.");
  }

  // ---- talking to the actuator ----

  int failed(const Error& error) {
    env_.err << "farshorectl: " << error.message << "\n";
    return is_refusal(error.code) ? kExitRefused : kExitFailure;
  }

  Result<ActuatorClient> client() {
    ActuatorAccess access{urls_, token_file_};
    if (access.urls.empty()) {
      const Result<Topology> topology = load_topology(config_file_);
      if (!topology) return fail(ErrorCode::kUnavailable, "{}", topology.error().message);
      for (const std::string& address : topology->actuators) access.urls.push_back("http://" + address);
    }
    if (access.urls.empty())
      return fail(ErrorCode::kUnavailable, "the topology names no actuators: give --actuator.url");
    return ActuatorClient(env_.http, access);
  }

  Result<JsonValue> get(const std::string& path) {
    Result<ActuatorClient> actuator = client();
    if (!actuator) return tl::unexpected(actuator.error());
    return actuator->get(path);
  }

  // Prints the answer as it came, or what `words` makes of it.
  int print(const Result<JsonValue>& answer, const std::function<std::string(const JsonValue&)>& words) {
    if (!answer) return failed(answer.error());
    env_.out << (json_ ? answer->to_json() + "\n" : words(*answer));
    return kExitOk;
  }

  int status() {
    const Result<JsonValue> answer = get("/api/v1/status");
    if (!answer) return failed(answer.error());
    const StatusText text = status_in_words(*answer, cluster_);
    if (!cluster_.empty() && !text.found)
      return failed({ErrorCode::kNotFound, "the actuator knows no cluster '" + cluster_ + "'"});
    env_.out << (json_ ? answer->to_json() + "\n" : text.text);
    return text.all_protected ? kExitOk : kExitNotProtected;
  }

  int plan() {
    const Result<JsonValue> answer = get("/api/v1/clusters/" + url_encode(cluster_) + "/plan");
    if (!answer) return failed(answer.error());
    const PlanText words = plan_in_words(*answer);
    env_.out << (json_ ? answer->to_json() + "\n" : words.text);
    return words.ready ? kExitOk : kExitNotProtected;
  }

  int runs() { return print(get(fmt::format("/api/v1/runs?limit={}", limit_)), runs_in_words); }

  Result<JsonValue> get_run() { return get("/api/v1/runs/" + url_encode(run_)); }

  // Empty when it cannot be had: a run is shown all the same.
  std::string digest_of_run(const JsonValue& run) {
    if (text_of(run, "state") != "held") return "";
    const Result<JsonValue> state = get("/api/v1/status");
    return state ? approval_digest_of(*state, run_) : "";
  }

  int show() {
    return print(get_run(), [this](const JsonValue& run) { return run_in_words(run, digest_of_run(run)); });
  }

  int why() {
    const bool is_alert = run_.find_first_not_of("0123456789") == std::string::npos;
    if (is_alert) return why_of_alert();
    const Result<JsonValue> run = get_run();
    if (run || run.error().code != ErrorCode::kNotFound) return print(run, why_run);
    return why_of_cluster();
  }

  int why_of_alert() {
    const Result<JsonValue> alert = get("/api/v1/alerts/" + run_);
    if (!alert) return failed(alert.error());
    const std::string id = text_of(*alert, "run_id");
    const Result<JsonValue> run =
        id.empty() ? tl::unexpected<Error>(Error{}) : get("/api/v1/runs/" + url_encode(id));
    return print(alert, [&](const JsonValue& shown) { return why_alert(shown, run ? &*run : nullptr); });
  }

  // The newest run of a cluster that goes by this name, as the alerts for people say it.
  int why_of_cluster() {
    const Result<JsonValue> runs = get("/api/v1/runs?limit=1000");
    if (!runs) return failed(runs.error());
    for (const JsonValue& run : items_of(*runs, "runs"))
      if (text_of(run, "cluster") == run_)
        return print(get("/api/v1/runs/" + url_encode(text_of(run, "id"))), why_run);
    return failed(
        {ErrorCode::kNotFound, "there is no run '" + run_ + "', and no run of a cluster of that name"});
  }

  int unlatch() {
    Result<ActuatorClient> actuator = client();
    if (!actuator) return failed(actuator.error());
    const Result<JsonValue> done = actuator->post("/api/v1/unlatch", "{}");
    if (!done) return failed(done.error());
    env_.out << "unlatched: failovers of every cluster may start again\n";
    return kExitOk;
  }

  int order(const std::string& kind, const std::string& name, const std::string& what,
            const std::string& body) {
    Result<ActuatorClient> actuator = client();
    if (!actuator) return failed(actuator.error());
    const Result<JsonValue> done =
        actuator->post(fmt::format("/api/v1/{}/{}/{}", kind, url_encode(name), what), body);
    if (!done) return failed(done.error());
    env_.out << name << ": " << what << " is taken\n";
    return kExitOk;
  }

  int pause() {
    JsonWriter body;
    body.begin_object().field("reason", reason_.empty() ? "no reason given" : reason_).end_object();
    return order("clusters", cluster_, "pause", body.str());
  }

  int adopt() {
    JsonWriter body;
    body.begin_object().field("server", server_).end_object();
    return order("clusters", cluster_, "adopt", body.str());
  }

  // Shows the facts first and sends the digest of what was shown: when they changed meanwhile, the actuator
  // refuses.
  int approve() {
    const Result<JsonValue> run = get_run();
    if (!run) return failed(run.error());
    const std::string digest = digest_.empty() ? digest_of_run(*run) : digest_;
    env_.out << approval_in_words(*run, digest);
    if (digest.empty())
      return failed({ErrorCode::kConflict, "run " + run_ + " is not waiting for an approval"});
    if (!yes_ && !env_.confirm("Approve?")) {
      env_.err << "farshorectl: not approved\n";
      return kExitFailure;
    }
    JsonWriter body;
    body.begin_object().field("digest", digest).end_object();
    return order("runs", run_, "approve", body.str());
  }

  int generate_text(const std::string& what) {
    generate_.what = what;
    return print_generated(config_file_, generate_, env_);
  }

  const CtlEnvironment& env_;
  CommandLine line_{"farshorectl", "The operator's hands: what Farshore sees, does and waits for."};
  std::vector<std::pair<const Command*, Action>> actions_;
  std::string config_file_ = "/etc/farshore/farshore.yml", token_file_, cluster_, server_, run_, reason_,
              digest_;
  std::vector<std::string> urls_;
  int64_t limit_ = 50;
  bool json_ = false, yes_ = false, markdown_ = false;
  CheckConfig check_{&config_file_, "", false, false};
  Generate generate_;
};

}  // namespace

int run_ctl(int argc, const char* const* argv, const CtlEnvironment& environment) {
  return Ctl(environment).run(argc, argv);
}

}  // namespace farshore

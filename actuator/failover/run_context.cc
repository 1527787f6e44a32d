#include "actuator/failover/run_context.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <thread>

namespace farshore {
namespace {

constexpr std::string_view kPermitPrefix = "permit.";

class BegunThread final : public Parallel::Begun {
 public:
  explicit BegunThread(std::function<void()> task)
      : thread_([this, task = std::move(task)] {
          task();
          done_.store(true, std::memory_order_release);
        }) {}
  bool is_done() const override { return done_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> done_{false};
  std::jthread thread_;
};

class ThreadParallel final : public Parallel {
 public:
  void run(std::vector<std::function<void()>> tasks) override {
    if (tasks.empty()) return;
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < tasks.size(); ++i) threads.emplace_back(std::move(tasks[i]));
    tasks.front()();
  }
  std::unique_ptr<Begun> begin(std::function<void()> task) override {
    return std::make_unique<BegunThread>(std::move(task));
  }
};

}  // namespace

Parallel& thread_parallel() {
  static ThreadParallel parallel;
  return parallel;
}

RunContext::RunContext(const EngineDeps& engine_deps, RunRecord record, Reign of_reign)
    : deps(engine_deps),
      run(std::move(record)),
      reign(std::move(of_reign)),
      attempt_started(engine_deps.clock->boot_now()),
      accepted_before(std::max<nanoseconds>(0ns, engine_deps.clock->wall_now() - run.accepted_at)),
      written(run) {}

nanoseconds RunContext::since_accepted() const {
  return accepted_before + (clock().boot_now() - attempt_started);
}

PostgresServer* RunContext::server(std::string_view name) const {
  for (PostgresServer* server : deps.servers)
    if (server->name() == name) return server;
  return nullptr;
}

std::vector<PostgresServer*> RunContext::standbys() const {
  std::vector<PostgresServer*> found;
  for (PostgresServer* server : deps.servers)
    if (server->name() != run.old_primary) found.push_back(server);
  return found;
}

std::optional<std::string> RunContext::fact(std::string_view name) const {
  const auto found = facts_.find(std::string(name));
  if (found == facts_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

void RunContext::set_fact(const std::string& name, std::string value) {
  facts_[name] = value;
  new_facts_[name] = std::move(value);
}

void RunContext::set_fact(const std::string& name, double value) {
  set_fact(name, fmt::format("{:.6g}", value));
}

std::optional<double> RunContext::number(std::string_view name) const {
  const auto text = fact(name);
  if (!text) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

RunFacts RunContext::take_new_facts() { return std::exchange(new_facts_, {}); }

void RunContext::report(OpenEnds::Kind kind, const std::string& name, const std::string& why) const {
  if (deps.open_ends) deps.open_ends->report(kind, name, why, clock().wall_now());
}

bool RunContext::permitted(std::string_view what) const {
  return fact(fmt::format("{}{}", kPermitPrefix, what)).has_value();
}

void RunContext::clear_permissions() {
  for (const std::string_view what : kEveryPermit)
    if (permitted(what)) set_fact(fmt::format("{}{}", kPermitPrefix, what), std::string());
}

std::vector<LookResult> look_at(RunContext& context, const std::vector<PostgresServer*>& servers,
                                nanoseconds limit) {
  std::vector<LookResult> results(servers.size());
  const BootTime deadline = std::min(context.clock().boot_now() + limit, context.row_deadline);
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < servers.size(); ++i) {
    tasks.emplace_back([&, i] {
      LookResult& result = results[i];
      result.server = servers[i];
      auto look = servers[i]->look(deadline, &result.failure);
      if (look) {
        result.look = std::move(*look);
      } else {
        result.error = look.error().message;
      }
    });
  }
  context.deps.parallel->run(std::move(tasks));
  return results;
}

}  // namespace farshore

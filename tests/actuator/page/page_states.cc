#include "tests/actuator/page/page_states.h"

#include <stdexcept>

#include "actuator/failover/steps.h"

namespace farshore::page_states {
namespace {

using namespace std::string_literals;

ServerObservation server_of(const std::string& cluster, const std::string& name, const std::string& region,
                            bool in_recovery, Lsn position, BootTime boot_now) {
  ServerObservation server;
  server.cluster = cluster;
  server.server = name;
  server.region = region;
  server.up = true;
  server.last_success = boot_now - 400ms;
  ServerFacts facts;
  facts.in_recovery = in_recovery;
  facts.timeline = 1;
  if (in_recovery) {
    facts.receive = facts.replay = position;
    facts.receiver = WalReceiverFacts{"streaming", position, position, 200ms};
  } else {
    facts.flush = facts.current = position;
  }
  server.facts = facts;
  return server;
}

void lose_primary(ClusterStatus& cluster, BootTime boot_now) {
  ServerObservation& primary = cluster.servers.front();
  primary.up = false;
  primary.failure = FailureClass::kTimeout;
  primary.failure_text = "no answer within 1.0 s";
  primary.last_success = boot_now - 21s;
  cluster.servers.back().facts->receiver.reset();
  cluster.votes = {{"us-east", Vote::kUnknown, false, true, {}, "has not answered yet"},
                   {"eu-west", Vote::kFiring, false, true, boot_now - 30ms, ""},
                   {"eu-central", Vote::kFiring, false, true, boot_now - 45ms, ""}};
}

void record(World& world, const RunRecord& run, std::string_view step, StepEvent event,
            const std::string& detail, WallTime at, RunFacts facts) {
  if (!world.journal.record_step({run.id, 0, 1, std::string(step), event, at, detail, std::move(facts)}))
    throw std::runtime_error("the made-up journal takes no step");
}

void end_run(World& world, RunRecord run, RunState state, const std::string& reason, WallTime at) {
  run.state = state;
  run.reason = reason;
  run.ended_at = at;
  if (!world.journal.update_run(run)) throw std::runtime_error("the made-up journal takes no run");
}

void act(World& world, const std::string& by, const std::string& what, const std::string& run,
         const std::string& outcome, WallTime at) {
  if (!world.journal.record_action({at, by, what, "shop", run, outcome}))
    throw std::runtime_error("the made-up journal takes no action");
}

}  // namespace

ClusterStatus calm_cluster(const std::string& name, WallTime now, BootTime boot_now) {
  ClusterStatus cluster;
  cluster.cluster = name;
  cluster.mode = "automatic";
  cluster.reign = Reign{name, 4, name + "-us", 1, "7301234567890123456", now - 36h};
  cluster.servers = {server_of(name, name + "-us", "us-east", false, Lsn(0x1A2B3C4D8), boot_now),
                     server_of(name, name + "-eu", "eu-west", true, Lsn(0x1A2B3A000), boot_now)};
  for (const char* region : {"us-east", "eu-west", "eu-central"}) {
    AlertVote vote;
    vote.region = region;
    vote.watched = false;
    vote.detail = "is not asked";
    cluster.votes.push_back(vote);
  }
  cluster.votes_needed = 2;
  return cluster;
}

FailoverPlan plan_of(const std::string& cluster, std::vector<Obstacle> obstacles, WallTime now) {
  FailoverPlan plan;
  plan.cluster = cluster;
  plan.at = now - 4s;
  plan.primary = cluster + "-us";
  plan.candidate = cluster + "-eu";
  plan.loss_bytes = 9432;
  plan.loss_time = 180ms;
  plan.obstacles = std::move(obstacles);
  for (const Step& step : failover_steps()) {
    if (step.number > 8) break;
    plan.steps.push_back({step.number, std::string(step.name), std::string(step.danger), PlanState::kFine,
                          "nothing stands in the way"});
  }
  plan.steps.back().state = PlanState::kNotLooked;
  plan.steps.back().text = "only a failover can tell";
  return plan;
}

RunRecord run_until(World& world, ClusterStatus& cluster, std::string_view row, bool begun, WallTime now) {
  RunRecord run;
  run.cluster = cluster.cluster;
  run.from_epoch = 4;
  run.old_primary = cluster.cluster + "-us";
  run.old_region = "us-east";
  run.accepted_at = now - 21s;
  run.started_at = now - 20s;
  if (!world.journal.create_run(run)) throw std::runtime_error("the made-up journal takes no run");
  record(world, run, "start", StepEvent::kDone, "the run is open", run.started_at, {{"attempt", "1"}});
  WallTime at = run.started_at;
  for (const Step& step : failover_steps()) {
    if (step.name == row) {
      if (begun) record(world, run, step.name, StepEvent::kIntent, std::string(step.effect), at, {});
      break;
    }
    at += 800ms;
    if (step.point_of_no_return) run.promoting = true;
    record(world, run, step.name, StepEvent::kDone, "verified", at,
           {{"seconds." + std::string(step.name), "0.8"}});
    if (step.name == "choose_candidate") {
      run.candidate = cluster.cluster + "-eu";
      run.region = "eu-west";
    }
  }
  if (!world.journal.update_run(run)) throw std::runtime_error("the made-up journal takes no run");
  cluster.open_run = run;
  return run;
}

void hold(World& world, ClusterStatus& cluster, std::string_view row, const std::string& reason,
          const std::string& needs, WallTime now) {
  RunRecord& run = *cluster.open_run;
  record(world, run, row, StepEvent::kFailed, reason, now - 8s, {});
  record(world, run, "end", StepEvent::kDone, "held: " + reason, now - 8s,
         {{"needs", needs},
          {"shown_loss_bytes", "9432"},
          {"predicted_loss_lower_bytes", "9432"},
          {"best_candidate", cluster.cluster + "-eu"},
          {"fence_evidence", "command: exit code 1 of proof"}});
  run.state = RunState::kHeld;
  run.reason = reason;
  run.ended_at = now - 8s;
  if (!world.journal.update_run(run)) throw std::runtime_error("the made-up journal takes no run");
  if (!needs.empty()) cluster.approval_digest = "00c0ffee00c0ffee";
  cluster.votes = calm_cluster(cluster.cluster, now, BootTime{}).votes;
}

void make(const std::string& name, World& world, WallTime now, BootTime boot_now) {
  ClusterStatus shop = calm_cluster("shop", now, boot_now), billing = calm_cluster("billing", now, boot_now);
  shop.plan = plan_of("shop", {}, now);
  if (name == "empty") {
    shop = ClusterStatus{};
    shop.cluster = "shop";
    shop.mode = "automatic";
    shop.problem = "no reign is adopted yet: shop-eu could not be looked at (connection refused)";
    shop.servers.resize(2);
    shop.servers[0].server = "shop-us";
    shop.servers[1].server = "shop-eu";
    shop.servers[0].region = "us-east";
    shop.servers[1].region = "eu-west";
  } else if (name == "not-ready") {
    shop.plan = plan_of("shop",
                        {{"candidate", "shop-eu replays with a delay of 1 h", false},
                         {"mode", "failover.mode is approve", true}},
                        now);
    shop.plan->candidate.clear();
    shop.plan->steps[1].state = PlanState::kBlocked;
    shop.plan->steps[1].text = "shop-eu replays with a delay of 1 h";
    billing.mode = "approve";
  } else if (name == "running" || name == "held" || name == "proof" || name == "past-no-return") {
    lose_primary(shop, boot_now);
    const std::string_view row = name == "held"             ? "admit"
                                 : name == "past-no-return" ? "switch_traffic"
                                                            : "fence_old_primary";
    run_until(world, shop, row, name == "running", now);
    if (name == "held") hold(world, shop, row, "failover.mode is approve: a person decides", "mode", now);
    if (name == "proof")
      hold(world, shop, row, "no fence proves that shop-us cannot write", "proof,loss", now);
    if (name == "past-no-return")
      hold(world, shop, row, "the name service of orders.example.com does not answer", "", now);
  } else if (name == "succeeded") {
    ClusterStatus was = shop;
    end_run(world, run_until(world, was, "confirm_outage", false, now - 6h), RunState::kRefused,
            "shop-us answered 0.4 s ago", now - 6h - 18s);
    end_run(world, run_until(world, was, "account", false, now - 5h), RunState::kSucceeded, "",
            now - 5h - 9s);
    act(world, "anna", "approve", "shop-2", "done", now - 5h - 20s);
    act(world, "ben", "pause", "", "done", now - 2h);
    act(world, "ben", "resume", "", "done", now - 1h);
  } else if (name == "paused") {
    shop.pause = Pause{"shop", "anna", "moving racks in us-east", now - 40min};
  } else if (name == "latched") {
    shop.latch = billing.latch = LatchRecord{"us-east and eu-west are reported lost at once", now - 3min};
    if (!world.journal.latch(*shop.latch)) throw std::runtime_error("the made-up journal takes no latch");
  } else if (name != "calm") {
    throw std::runtime_error("there is no state " + name);
  }
  world.clusters = {shop, billing};
}

}  // namespace farshore::page_states

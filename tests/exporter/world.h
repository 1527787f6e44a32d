// A topology and observations made by hand, for what turns them into text.
#pragma once

#include "common/postgres/fact_details.h"
#include "common/postgres/facts.h"
#include "common/topology/topology.h"
#include "exporter/view.h"

namespace farshore {

constexpr BootTime kNow = BootTime(1000s);
constexpr WallTime kServerTime = WallTime(1763800000s);

inline Topology three_vantages() {
  Topology topology;
  topology.source = "farshore.yml";
  topology.vantages.names = {"us-east", "eu-west", "eu-central"};
  return topology;
}

inline ServerObservation answering(const std::string& name, const std::string& region, ServerFacts facts) {
  ServerObservation seen;
  seen.cluster = "shop";
  seen.region = region;
  seen.server = name;
  seen.up = true;
  seen.attempt_started = kNow - 600ms;
  seen.attempt_finished = seen.last_success = kNow - 500ms;
  seen.round_trip = 2ms;
  seen.last_success_wall = kServerTime + 1ms;  // at half the round trip both clocks say the same
  facts.server_time = kServerTime;
  facts.server_version_num = 150018;
  facts.system_identifier = "7710890441538039360";
  if (!facts.details) {
    FactDetails details;
    details.read = fact_parts(FactTier::kFast, 150018);
    facts.details = std::make_shared<const FactDetails>(std::move(details));
  }
  seen.facts = facts;
  return seen;
}

inline ServerObservation primary() {
  ServerFacts facts;
  facts.timeline = 1;
  facts.current = Lsn(0x3000200);
  facts.flush = Lsn(0x3000100);
  return answering("shop-us", "us-east", facts);
}

inline ServerObservation standby() {
  ServerFacts facts;
  facts.in_recovery = true;
  facts.timeline = 1;
  facts.receive = Lsn(0x3000080);
  facts.replay = Lsn(0x3000060);
  facts.receiver = WalReceiverFacts{"streaming", Lsn(0x3000080), Lsn(0x3000100), 250ms};
  return answering("shop-eu", "eu-west", facts);
}

// The same server with details.
inline ServerObservation with(ServerObservation seen, FactDetails details) {
  if (details.read.empty()) details.read = fact_parts(FactTier::kFast, 150018);
  seen.facts->details = std::make_shared<const FactDetails>(std::move(details));
  return seen;
}

// As after the next attempt, which got no answer.
inline ServerObservation silent(ServerObservation seen, FailureClass failure) {
  seen.up = false;
  seen.failure = failure;
  seen.failure_text = "no answer within the timeout";
  return seen;
}

inline ExporterView view_of(std::vector<ServerObservation> servers, const std::vector<WalPoint>& history = {},
                            BootTime now = kNow) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->taken = kNow - 500ms;
  snapshot->servers = std::move(servers);
  return make_view(
      three_vantages(), "eu-west", std::move(snapshot),
      [&](std::string_view, std::string_view) { return history; }, now);
}

}  // namespace farshore

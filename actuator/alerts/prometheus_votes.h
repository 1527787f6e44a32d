// AlertVotes over the HTTP API of the configured Prometheus servers: a thread for each, idle unless something
// is watched.
#pragma once

#include <memory>

#include "actuator/alerts/alert_votes.h"
#include "common/http/client.h"
#include "common/topology/topology.h"

namespace farshore {

struct PrometheusVotesOptions {
  std::string alertname = "FarshorePrimaryDown";
  nanoseconds interval = 50ms;    // between the end of one round of questions and the next
  nanoseconds timeout = 1s;       // of one question
  nanoseconds vote_max_age = 2s;  // then a vote is unknown
  // Of the sample behind the vote, by the server's own clock: a Prometheus whose rules no longer run goes on
  // telling their last result for five minutes.
  nanoseconds alert_max_age = 5s;
  nanoseconds live_max_age = 3s;
};

// `http` and `clock` must outlive it. Destruction waits for the questions that are under way: at most the
// timeout.
std::unique_ptr<AlertVotes> make_prometheus_votes(const PrometheusServers& servers, HttpClient& http,
                                                  Clock& clock, PrometheusVotesOptions options = {});

}  // namespace farshore

#include <algorithm>

#include "actuator/page/parts.h"
#include "actuator/page/words.h"

namespace farshore {
namespace {

std::string answers_of(const ServerObservation& server) {
  if (server.up) return "answers";
  if (server.failure != FailureClass::kNone) return fmt::format("NO ANSWER: {}", to_string(server.failure));
  return "not looked at yet";
}

std::string role_of(const ServerObservation& server) {
  if (!server.facts) return "role not known";
  std::string text = server.facts->in_recovery ? "standby" : "primary";
  if (!server.up) text = "was " + text;
  text += fmt::format(", timeline {}", server.facts->timeline);
  if (!server.facts->in_recovery || !server.up) return text;
  text += server.facts->receiver ? ", WAL receiver " + server.facts->receiver->status : ", NO WAL receiver";
  if (server.facts->replay_paused.value_or(false)) text += ", replay PAUSED";
  return text;
}

std::string position_of(const ServerObservation& server) {
  if (!server.facts) return "not known";
  const auto position = server.facts->in_recovery ? server.facts->held() : server.facts->flush;
  return position ? position->to_string() : "not known";
}

std::string lag_of(const ClusterStatus& cluster, const ServerObservation& server) {
  if (!server.facts || !server.facts->in_recovery) return "";
  const auto lag = lag_bytes(cluster, server);
  if (!lag) return "lag not known";
  return *lag == 0 ? "no lag" : bytes_in_words(*lag) + " behind";
}

std::string seen_of(const PageState& state, const ServerObservation& server) {
  return server.last_success ? span_in_words(state.boot_now - *server.last_success) + " ago" : "never";
}

std::string vote_of(const AlertVote& vote) {
  switch (vote.vote) {
    case Vote::kFiring:
      return "fires";
    case Vote::kNotFiring:
      return "does not fire";
    case Vote::kUnknown:
      break;
  }
  return "not known" + (vote.detail.empty() ? "" : ": it " + vote.detail);
}

std::string_view words_of(PlanState state) {
  switch (state) {
    case PlanState::kFine:
      return "fine";
    case PlanState::kBlocked:
      return "blocked";
    case PlanState::kNotLooked:
      break;
  }
  return "not looked at";
}

void loss_words(Html& html, const FailoverPlan& plan) {
  html.add("<p>If {} were lost now, {} would be promoted; ", plan.primary, plan.candidate);
  html.add("the loss would be {}", plan.loss_bytes ? bytes_in_words(*plan.loss_bytes) : "not known");
  if (plan.loss_time) html.add(", {} of writes", span_in_words(*plan.loss_time));
  html.add(".</p>");
}

void plan_steps(Html& html, const FailoverPlan& plan) {
  html.add(
      "<details id=\"plan-{}\"><summary id=\"plan-summary-{}\">What was rehearsed, step by step</summary><ol "
      "class=\"steps\">",
      plan.cluster, plan.cluster);
  for (const PlanStep& step : plan.steps) {
    html.add("<li class=\"{}\"><p><b>{}</b> <span class=\"word\">{}</span></p>",
             step.state == PlanState::kBlocked ? "failed" : "done", step.name, words_of(step.state));
    html.add("<p class=\"small\">Avoids: {}.</p>", step.danger);
    if (!step.text.empty()) html.add("<p>{}</p>", step.text);
    html.add("</li>");
  }
  html.add("</ol></details>");
}

}  // namespace

Html servers_table(const PageState& state, const ClusterStatus& cluster) {
  Html html;
  html.add(
      "<div class=\"scroll\" id=\"scroll-servers-{}\" tabindex=\"0\" role=\"group\" "
      "aria-labelledby=\"servers-{}\">",
      cluster.cluster, cluster.cluster);
  html.add(
      "<table><caption id=\"servers-{}\">Servers of {}</caption><thead><tr><th scope=\"col\">Server</th>"
      "<th scope=\"col\">State</th><th scope=\"col\">WAL position</th><th "
      "scope=\"col\">Seen</th></tr></thead><tbody>",
      cluster.cluster, cluster.cluster);
  for (const ServerObservation& server : cluster.servers) {
    const bool reigns = cluster.reign && cluster.reign->server == server.server;
    html.add("<tr><th scope=\"row\"><span class=\"name\">{}</span> <span class=\"small\">{}</span></th>",
             server.server, server.region + (reigns ? ", the primary of this epoch" : ""));
    html.add("<td>{}{}; {}</td>", answers_of(server),
             server.up || server.failure_text.empty() ? "" : " (" + server.failure_text + ")",
             role_of(server));
    html.add("<td class=\"figure\">{} <span class=\"small\">{}</span></td><td>{}</td></tr>",
             position_of(server), lag_of(cluster, server), seen_of(state, server));
  }
  if (cluster.servers.empty()) html.add("<tr><td colspan=\"4\">Nothing was seen yet.</td></tr>");
  return html.add("</tbody></table></div>");
}

Html votes_table(const PageState& state, const ClusterStatus& cluster) {
  Html html;
  if (std::ranges::none_of(cluster.votes, &AlertVote::watched))
    return html.add("<p>Prometheus servers: not asked now; they are asked while a run needs to know.</p>");
  html.add(
      "<div class=\"scroll\" id=\"scroll-votes-{}\" tabindex=\"0\" role=\"group\" "
      "aria-labelledby=\"votes-{}\">",
      cluster.cluster, cluster.cluster);
  html.add(
      "<table><caption id=\"votes-{}\">What the Prometheus servers say: the alert must fire at {} of {}"
      "</caption><thead><tr><th scope=\"col\">Prometheus in</th><th scope=\"col\">The alert</th>"
      "<th scope=\"col\">Primary seen alive</th><th "
      "scope=\"col\">Asked</th></tr></thead><tbody>",
      cluster.cluster, cluster.votes_needed, cluster.votes.size());
  for (const AlertVote& vote : cluster.votes) {
    const bool known = vote.vote != Vote::kUnknown;
    html.add(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>", vote.region, vote_of(vote),
        !known              ? "not known"
        : vote.live_primary ? "YES, which forbids a failover"
                            : "no",
        vote.asked == BootTime{} ? "no answer yet" : span_in_words(state.boot_now - vote.asked) + " ago");
  }
  return html.add("</tbody></table></div>");
}

Html readiness(const ClusterStatus& cluster) {
  Html html;
  html.add("<h3>Could it fail over now?</h3>");
  if (!cluster.plan) return html.add("<p>Not rehearsed yet.</p>");
  const FailoverPlan& plan = *cluster.plan;
  html.add("<p><strong>{}</strong> Rehearsed {}.</p>",
           plan.ready()                                                 ? "Yes, without asking anybody."
           : std::ranges::all_of(plan.obstacles, &Obstacle::approvable) ? "Yes, if a person approves."
                                                                        : "No.",
           time_element(plan.at));
  if (!plan.obstacles.empty()) {
    html.add("<ul>");
    for (const Obstacle& obstacle : plan.obstacles)
      html.add("<li>{}{}</li>", obstacle.text, obstacle.approvable ? " (an approval passes it)" : "");
    html.add("</ul>");
  }
  if (!plan.candidate.empty()) loss_words(html, plan);
  if (!plan.steps.empty()) plan_steps(html, plan);
  return html;
}

}  // namespace farshore

#include "actuator/page/parts.h"

#include <algorithm>

#include "actuator/page/words.h"

namespace farshore {
namespace {

// Read out after the cluster's name; never by colour alone.
Html state_item(const PageState& state, const ClusterStatus& cluster) {
  const std::vector<StepRecord> none;
  const ClusterWords words =
      cluster_in_words(cluster, cluster.open_run ? state.steps_of(cluster.open_run->id) : none);
  Html item;
  const std::string_view look = words.alarm == Alarm::kNone   ? "calm"
                                : words.alarm == Alarm::kWork ? "work"
                                                              : "person";
  item.add("<li class=\"state {}\"><p><a href=\"#cluster-{}\" id=\"to-{}\">{}</a>: <strong>{}</strong>", look,
           cluster.cluster, cluster.cluster, cluster.cluster, words.state);
  if (!words.why.empty()) item.add(" <span>{}</span>", words.why);
  item.add("</p>");
  if (!words.to_do.empty()) item.add("<p class=\"to-do\">What to do: {}</p>", words.to_do);
  if (!words.run_id.empty())
    item.add("<p><a class=\"button\" id=\"run-of-{}\" href=\"/runs/{}\">{} run {}</a></p>", cluster.cluster,
             words.run_id, words.alarm == Alarm::kPerson && state.may_act ? "Decide about" : "See",
             words.run_id);
  if (cluster.latch && state.may_act)
    item.add("<p><a class=\"button\" id=\"latch-of-{}\" href=\"/latch\">Look at the latch</a></p>",
             cluster.cluster);
  if (cluster.pause && state.may_act)
    item.add("<p><a class=\"button\" id=\"resume-of-{}\" href=\"/clusters/{}\">Resume {}</a></p>",
             cluster.cluster, cluster.cluster, cluster.cluster);
  return item.add("</li>");
}

void reign_words(Html& html, const ClusterStatus& cluster) {
  if (!cluster.reign) {
    html.add("<p>No primary is adopted yet.</p>");
    return;
  }
  html.add("<p>{} is the primary of epoch {} since {}, on timeline {}. Failover mode: {}.</p>",
           cluster.reign->server, cluster.reign->epoch, time_element(cluster.reign->since),
           cluster.reign->timeline, cluster.mode);
}

}  // namespace

const std::vector<StepRecord>& PageState::steps_of(const std::string& run_id) const {
  static const std::vector<StepRecord> kNone;
  const auto found = steps.find(run_id);
  return found == steps.end() ? kNone : found->second;
}

Html time_element(WallTime time) {
  const std::string exact = format_rfc3339(time);  // "2026-11-22T07:13:48.970Z"
  return Html().add("<time datetime=\"{}\">{} {}Z</time>", exact, exact.substr(0, 10), exact.substr(11, 8));
}

std::string page_title(const PageState& state) {
  std::string worst;
  Alarm alarm = Alarm::kNone;
  for (const ClusterStatus& cluster : state.clusters) {
    const ClusterWords words = cluster_in_words(
        cluster, cluster.open_run ? state.steps_of(cluster.open_run->id) : std::vector<StepRecord>{});
    if (!worst.empty() && words.alarm <= alarm) continue;
    alarm = words.alarm;
    worst = cluster.cluster + " " + words.state;
  }
  if (worst.empty()) return "Farshore";
  return alarm == Alarm::kNone ? "Farshore: all protected" : worst + " - Farshore";
}

Html state_list(const PageState& state) {
  Html html;
  if (state.clusters.empty()) html.add("<p>The topology has no cluster.</p>");
  html.add("<ul class=\"states\">");
  for (const ClusterStatus& cluster : state.clusters) html.add(state_item(state, cluster));
  return html.add("</ul>");
}

Html cluster_section(const PageState& state, const ClusterStatus& cluster) {
  Html html;
  html.add("<section aria-labelledby=\"cluster-{}\"><h2 id=\"cluster-{}\" tabindex=\"-1\">{}</h2>",
           cluster.cluster, cluster.cluster, cluster.cluster);
  html.add("<div data-part=\"about-{}\">", cluster.cluster);
  reign_words(html, cluster);
  if (cluster.pause)
    html.add("<p>Paused by {} since {}: {}</p>", cluster.pause->by, time_element(cluster.pause->since),
             cluster.pause->reason);
  html.add("</div><div data-part=\"run-{}\">", cluster.cluster);
  if (cluster.open_run)
    html.add("<h3>Run {}, step by step</h3>", cluster.open_run->id)
        .add(step_list(*cluster.open_run, state.steps_of(cluster.open_run->id), state.now));
  html.add("</div><div data-part=\"servers-{}\">{}</div>", cluster.cluster, servers_table(state, cluster));
  html.add("<div data-part=\"votes-{}\">{}</div>", cluster.cluster, votes_table(state, cluster));
  html.add("<div data-part=\"ready-{}\">{}</div>", cluster.cluster,
           cluster.open_run ? Html() : readiness(cluster));  // what was rehearsed before the run is past
  if (state.may_act)
    html.add("<p><a id=\"pause-{}\" href=\"/clusters/{}\">Pause or resume {}</a></p>", cluster.cluster,
             cluster.cluster, cluster.cluster);
  return html.add("</section>");
}

Html status_page(const PageState& state) {
  Html html;
  html.add("<h1>State of the clusters</h1>");
  html.add("<div id=\"state\" role=\"status\" aria-live=\"polite\" data-part=\"state\">{}</div>",
           state_list(state));
  html.add("<p class=\"small\" data-part=\"as-of\">As of {}. <a id=\"again\" href=\"/\">Look again</a></p>",
           time_element(state.now));
  for (const ClusterStatus& cluster : state.clusters) html.add(cluster_section(state, cluster));
  return html.add(history(state));
}

}  // namespace farshore

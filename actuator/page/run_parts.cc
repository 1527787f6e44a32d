#include <algorithm>

#include "actuator/page/parts.h"
#include "actuator/page/step_lines.h"
#include "actuator/page/words.h"

namespace farshore {
namespace {

std::string_view look_of(LineState state) {
  switch (state) {
    case LineState::kDone:
      return "done";
    case LineState::kNow:
      return "now";
    case LineState::kFailed:
      return "failed";
    case LineState::kToCome:
    case LineState::kNotReached:
      break;
  }
  return "to-come";
}

std::string seconds_in_words(double seconds) {
  return span_in_words(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds)));
}

void step_item(Html& html, const StepLine& line) {
  if (line.state == LineState::kNow)
    html.add("<li class=\"now\" aria-current=\"step\">");
  else
    html.add("<li class=\"{}\">", look_of(line.state));
  html.add("<p><b>{}</b> <span class=\"word\">{}</span>", line.name, in_words(line.state));
  if (line.seconds) html.add(" <span>{}</span>", seconds_in_words(*line.seconds));
  if (line.point_of_no_return) html.add(" <span class=\"word\">no way back from here</span>");
  html.add("</p><p class=\"small\">Avoids: {}.</p>", line.danger);
  if (!line.detail.empty()) html.add("<p>{}</p>", line.detail);
  html.add("</li>");
}

void run_row(Html& html, const RunRecord& run) {
  html.add("<tr><th scope=\"row\"><a id=\"history-{}\" href=\"/runs/{}\">{}</a></th>", run.id, run.id,
           run.id);
  html.add("<td>{}{}</td>", to_string(run.state), run.reason.empty() ? "" : ": " + run.reason);
  html.add("<td>{} to {}</td>", run.old_primary,
           !run.candidate.empty() ? run.candidate
           : run.ended_at         ? "nobody"
                                  : "nobody yet");
  html.add("<td>{}", time_element(run.started_at));
  if (run.ended_at) html.add(", {}", span_in_words(*run.ended_at - run.started_at));
  html.add("</td></tr>");
}

void people(Html& html, const PageState& state) {
  html.add(
      "<div class=\"scroll\" id=\"scroll-people\" tabindex=\"0\" role=\"group\" aria-labelledby=\"people\">"
      "<table><caption id=\"people\">What people did, newest first</caption><thead><tr><th "
      "scope=\"col\">Who</th>"
      "<th scope=\"col\">Did</th><th scope=\"col\">Outcome</th><th "
      "scope=\"col\">When</th></tr></thead><tbody>");
  for (const ActionRecord& action : state.actions)
    html.add("<tr><th scope=\"row\">{}</th><td>{} {}</td><td>{}</td><td>{}</td></tr>", action.by,
             action.action, action.run_id.empty() ? action.cluster : action.run_id, action.outcome,
             time_element(action.at));
  html.add("</tbody></table></div>");
}

}  // namespace

Html step_list(const RunRecord& run, const std::vector<StepRecord>& steps, WallTime now) {
  Html html;
  const int attempt = newest_attempt(steps);
  if (attempt > 1) html.add("<p>Attempt {}: a person let it start again.</p>", attempt);
  html.add("<ol class=\"steps\">");
  for (const StepLine& line : step_lines(run, steps, now)) step_item(html, line);
  return html.add("</ol>");
}

Html history(const PageState& state) {
  Html html;
  html.add("<section aria-labelledby=\"history\"><h2 id=\"history\">History</h2><div data-part=\"history\">");
  if (!state.journal_error.empty())
    html.add("<p class=\"state person\">The journal cannot be read: {}</p>", state.journal_error);
  if (state.runs.empty()) {
    html.add("<p>There have been no runs.</p>");
  } else {
    html.add(
        "<div class=\"scroll\" id=\"scroll-runs\" tabindex=\"0\" role=\"group\" aria-labelledby=\"runs\">"
        "<table><caption id=\"runs\">Runs, newest first</caption><thead><tr><th scope=\"col\">Run</th>"
        "<th scope=\"col\">State</th><th scope=\"col\">From and to</th><th scope=\"col\">Started, took</th>"
        "</tr></thead><tbody>");
    for (const RunRecord& run : state.runs) run_row(html, run);
    html.add("</tbody></table></div>");
  }
  if (!state.actions.empty()) people(html, state);
  return html.add("</div></section>");
}

}  // namespace farshore

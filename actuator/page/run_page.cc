#include "actuator/page/run_page.h"

#include "actuator/failover/permits.h"
#include "actuator/journal/journal_rules.h"
#include "actuator/page/parts.h"
#include "actuator/page/words.h"

namespace farshore {
namespace {

std::string fact(const RunFacts& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() ? "" : found->second;
}

void term(Html& html, std::string_view name, const std::string& value) {
  if (!value.empty()) html.add("<dt>{}</dt><dd>{}</dd>", name, value);
}

std::string with_unit(const std::string& value, std::string_view unit) {
  return value.empty() ? "" : fmt::format("{} {}", value, unit);
}

std::string predicted_loss(const RunFacts& facts) {
  const std::string lower = fact(facts, "predicted_loss_lower_bytes");
  const std::string upper = fact(facts, "predicted_loss_upper_bytes");
  return lower.empty() ? "" : fmt::format("{} to {} bytes of WAL", lower, upper.empty() ? "unknown" : upper);
}

void summary(Html& html, const RunRecord& run, const RunFacts& facts) {
  html.add("<dl>");
  term(html, "Lost",
       fmt::format("{} in {}, primary of epoch {}", run.old_primary, run.old_region, run.from_epoch));
  if (!run.candidate.empty()) term(html, "Candidate", fmt::format("{} in {}", run.candidate, run.region));
  html.add("<dt>Alert accepted</dt><dd>{}</dd>", time_element(run.accepted_at));
  html.add("<dt>Started</dt><dd>{}</dd>", time_element(run.started_at));
  if (run.ended_at)
    html.add("<dt>{}</dt><dd>{}</dd>", run.state == RunState::kHeld ? "Held since" : "Ended",
             time_element(*run.ended_at));
  term(html, "Write outage", with_unit(fact(facts, "write_outage_seconds"), "s"));
  term(html, "Exposure", with_unit(fact(facts, "exposure_seconds"), "s"));
  term(html, "Predicted loss", predicted_loss(facts));
  if (const auto clear = parse_rfc3339(fact(facts, "traffic_caches_clear_at")))
    html.add("<dt>Old answers leave caches</dt><dd>{}</dd>", time_element(*clear));
  term(html, "Sessions left on the old primary", fact(facts, "old_primary_sessions"));
  html.add("</dl>");
}

void all_facts(Html& html, const RunFacts& facts) {
  html.add(
      "<details id=\"facts\"><summary id=\"facts-summary\">Everything that was written down</summary><dl>");
  for (const auto& [name, value] : facts)
    if (!value.empty()) html.add("<dt>{}</dt><dd>{}</dd>", name, value);
  html.add("</dl></details>");
}

// ---- deciding ----

void begin_form(Html& html, const RunRecord& run, const Session& session) {
  html.add(
      "<input type=\"hidden\" name=\"csrf\" value=\"{}\"><input type=\"hidden\" name=\"run\" value=\"{}\">",
      session.csrf, run.id);
}

void approve_form(Html& html, const RunView& view, const RunFacts& facts, const Session& session) {
  const std::string needs = fact(facts, "needs");
  html.add(
      "<div class=\"panel\"><h3 id=\"approving\">Approve</h3>"
      "<p>Starts again with new observations, and permits once, within 15 minutes:</p><ul>");
  for (const std::string& clause : permits_in_words(needs)) html.add("<li>{}</li>", clause);
  html.add("</ul><p>It is bound to what is shown here, and void when that gets worse:</p><dl>");
  term(html, "Held because", view.run.reason);
  const std::string candidate = fact(facts, "best_candidate"), loss = fact(facts, "shown_loss_bytes");
  term(html, "Best candidate", candidate.empty() ? "not known" : candidate);
  term(html, "Loss", loss.empty() ? "not known" : loss + " bytes of WAL at least");
  term(html, "Fence", fact(facts, "fence_evidence"));
  term(html, "Digest", view.approval_digest);
  html.add("</dl><form method=\"post\" action=\"/runs/{}/approve\">", view.run.id);
  begin_form(html, view.run, session);
  html.add("<input type=\"hidden\" name=\"digest\" value=\"{}\">", view.approval_digest);
  if (permits_without_proof(needs))
    html.add(
        "<label class=\"check\"><input type=\"checkbox\" name=\"sure\" value=\"yes\" id=\"sure\" required>"
        "I know by other means that {} cannot write any more.</label>",
        view.run.old_primary);
  html.add("<button id=\"approve\">Approve run {}</button></form></div>", view.run.id);
}

void small_form(Html& html, const RunRecord& run, const Session& session, std::string_view verb,
                std::string_view title, std::string_view effect) {
  html.add("<div class=\"panel\"><h3>{}</h3><p>{}</p><form method=\"post\" action=\"/runs/{}/{}\">", title,
           effect, run.id, verb);
  begin_form(html, run, session);
  html.add("<button class=\"quiet\" id=\"{}\">{} run {}</button></form></div>", verb, title, run.id);
}

void decide(Html& html, const RunView& view, const RunFacts& facts, const Session& session) {
  html.add("<section aria-labelledby=\"decide\"><h2 id=\"decide\">Decide</h2>");
  if (view.run.promoting)
    html.add(
        "<p>It is past the point of no return and goes on by itself as soon as it can: mend the cause. "
        "A retry makes it look at once.</p>");
  else
    html.add("<p>Everything was put back as it was, and nothing happens until a person decides.</p>");
  if (!session.may_act()) {
    html.add("<p>You are signed in as a viewer; an operator can decide.</p></section>");
    return;
  }
  if (!view.approval_digest.empty())
    approve_form(html, view, facts, session);
  else if (!view.run.promoting)
    html.add("<p>An approval cannot help here: mend the cause and retry.</p>");
  small_form(html, view.run, session, "retry", "Retry",
             "Starts again with new observations; permits nothing.");
  if (!view.run.promoting)
    small_form(html, view.run, session, "abandon", "Abandon",
               "Ends it. Nothing is done until a new alert comes.");
  html.add("</section>");
}

}  // namespace

Html run_page(const RunView& view, const Session& session) {
  const RunFacts facts = merge_facts(view.steps);
  const RunRecord& run = view.run;
  Html html;
  html.add("<div data-part=\"run\"><h1>Run {} of {}: {}</h1>", run.id, run.cluster, to_string(run.state));
  if (!run.reason.empty())
    html.add("<p class=\"state {}\">{}</p>", run.state == RunState::kHeld ? "person" : "work", run.reason);
  summary(html, run, facts);
  if (run.state == RunState::kHeld) decide(html, view, facts, session);
  html.add("<section aria-labelledby=\"steps\"><h2 id=\"steps\">Step by step</h2>{}</section>",
           step_list(run, view.steps, view.now));
  all_facts(html, facts);
  return html.add("<p><a id=\"back\" href=\"/\">Back to the state of the clusters</a></p></div>");
}

Html cluster_page(const ClusterStatus& cluster, const Session& session) {
  Html html;
  html.add("<h1>{} {}</h1>", cluster.pause ? "Resume" : "Pause", cluster.cluster);
  if (cluster.pause) {
    html.add("<p>Paused by {} since {}: {}</p>", cluster.pause->by, time_element(cluster.pause->since),
             cluster.pause->reason);
    html.add(
        "<form method=\"post\" action=\"/clusters/{}/resume\"><input type=\"hidden\" name=\"csrf\" "
        "value=\"{}\">"
        "<button id=\"resume\">Resume {}</button></form>",
        cluster.cluster, session.csrf, cluster.cluster);
  } else {
    html.add("<p>While it is paused, no failover of {} begins, whatever the alerts say.</p>",
             cluster.cluster);
    html.add(
        "<form method=\"post\" action=\"/clusters/{}/pause\"><input type=\"hidden\" name=\"csrf\" "
        "value=\"{}\">"
        "<label for=\"reason\">Why, for the others and the journal</label>"
        "<input id=\"reason\" name=\"reason\" required maxlength=\"500\" autocomplete=\"off\">"
        "<div><button id=\"pause\">Pause {}</button></div></form>",
        cluster.cluster, session.csrf, cluster.cluster);
  }
  return html.add("<p><a id=\"back\" href=\"/\">Back to the state of the clusters</a></p>");
}

Html latch_page(const std::optional<LatchRecord>& latch, const Session& session) {
  Html html;
  html.add("<h1>The latch of all automation</h1>");
  if (!latch) {
    html.add("<p>Automation is not latched.</p>");
  } else {
    html.add("<p class=\"state person\">Latched since {}: {}</p>", time_element(latch->since), latch->reason);
    html.add(
        "<p>No failover starts in any cluster until a person clears it. Look at both sides first: are the "
        "regions really lost, and does the actuator see what the others see?</p>"
        "<form method=\"post\" action=\"/unlatch\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">"
        "<button id=\"unlatch\">Clear the latch</button></form>",
        session.csrf);
  }
  return html.add("<p><a id=\"back\" href=\"/\">Back to the state of the clusters</a></p>");
}

Html sign_in_page(const std::string& next, const std::string& complaint) {
  Html html;
  html.add("<h1>Sign in to Farshore</h1>");
  if (!complaint.empty())
    html.add("<p class=\"state person\" role=\"alert\" id=\"complaint\">{}</p>", complaint);
  html.add("<form method=\"post\" action=\"/sign-in\"><input type=\"hidden\" name=\"next\" value=\"{}\">",
           next);
  html.add(
      "<label for=\"name\">Name, as in the access file</label>"
      "<input id=\"name\" name=\"name\" autocomplete=\"username\" autocapitalize=\"none\" "
      "spellcheck=\"false\" "
      "required maxlength=\"63\" autofocus>"
      "<label for=\"secret\">Password or token</label>"
      "<input id=\"secret\" name=\"secret\" type=\"password\" autocomplete=\"current-password\" required "
      "maxlength=\"1000\"><div><button id=\"sign-in\">Sign in</button></div></form>");
  return html.add(
      "<p class=\"small\">Programs use the API with the same credentials; "
      "<a href=\"/metrics\">metrics</a> are open to everybody.</p>");
}

}  // namespace farshore

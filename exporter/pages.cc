#include "exporter/pages.h"

#include "common/base/version.h"
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

std::string escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string state_text(const ServerView& server) {
  const ServerObservation& seen = *server.observation;
  if (!server.current) return "not known";
  if (!seen.up) return fmt::format("{}: {}", to_string(seen.failure), seen.failure_text);
  return seen.facts->in_recovery ? "standby" : "primary";
}

std::string row_of(const ServerView& server) {
  const ServerFacts* facts = server.facts();
  const std::optional<Lsn> lsn = facts == nullptr     ? std::nullopt
                                 : facts->in_recovery ? facts->held()
                                                      : facts->flush;
  return fmt::format(
      "<tr><td>{0}</td><td>{1}</td><td>{2}</td><td>{3}</td><td>{4}</td><td>{5}</td><td>{6}</td>"
      "<td><a href=\"/server/{2}/patroni\">health</a> &middot; <a "
      "href=\"/probe?target={2}\">probe</a></td></tr>\n",
      escape(server.observation->cluster), escape(server.observation->region),
      escape(server.observation->server), escape(state_text(server)),
      facts != nullptr ? std::to_string(facts->timeline) : "", lsn ? lsn->to_string() : "",
      server.lag ? fmt::format("{} bytes", server.lag->bytes) : "");
}

}  // namespace

std::string render_metrics(const ExporterView& view) { return render_families(collect_page(view)); }

std::string render_landing_page(const ExporterView& view, const std::string& telemetry_path) {
  std::string rows;
  for (const ServerView& server : view.servers) rows += row_of(server);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Farshore exporter</title>"
      "<style>body{{font-family:sans-serif}}td,th{{padding:.2em .8em;text-align:left}}</style></head><body>\n"
      "<h1>Farshore exporter</h1>\n"
      "<p>Vantage {}, version {} ({}), snapshot {:.1f} s old.</p>\n"
      "<p><a href=\"{}\">Metrics</a> &middot; <a href=\"/-/healthy\">Healthy</a> &middot; "
      "<a href=\"/-/ready\">Ready</a></p>\n"
      "<table><tr><th>Cluster</th><th>Region</th><th>Server</th><th>State</th><th>Timeline</th><th>Position</"
      "th>"
      "<th>Behind</th><th></th></tr>\n{}</table></body></html>\n",
      escape(view.vantage), kVersion, kRevision, to_seconds(view.snapshot_age), escape(telemetry_path), rows);
}

}  // namespace farshore

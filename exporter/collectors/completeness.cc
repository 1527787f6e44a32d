// What this vantage cannot see of a server that answers, so that an absent series can be told from a hidden
// one.
#include <algorithm>
#include <vector>

#include "common/postgres/facts_query.h"
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_monitor_role_ok", MetricType::Gauge, kServerLabels,
     "pg_has_role(), has_function_privilege()",
     "1 if the monitoring role sees everything (pg_monitor); 0 if columns or directories are hidden from it, "
     "whose series are then absent."},
    {"farshore_pg_version_known", MetricType::Gauge, kServerLabels, "server_version_num",
     "1 if the statements were made for this version of PostgreSQL (13 to 17); 0 for a newer one, which is "
     "asked what 17 is asked."},
    {"farshore_pg_facts_missing", MetricType::Gauge, "cluster region server vantage part reason", "",
     "Always 1, for a part whose series are absent, because the server refused it (reason refused: a "
     "privilege, a column that it does not have) or did not answer in time (late: a lock, a busy server, a "
     "directory of very many files). Part columns, reason hidden: the role may not see what others do "
     "(pg_read_all_stats, a part of pg_monitor). No series when all were read."},
    {"farshore_pg_rows_left_out", MetricType::Gauge, "cluster region server vantage kind", "",
     "Rows of this kind (standbys, slots) beyond the first 64, which have no series."},
};

struct Missing {
  FactPart part;
  bool late;
};

bool contains(const FactParts& parts, FactPart part) { return std::ranges::find(parts, part) != parts.end(); }

void add_missing(std::vector<Missing>& missing, const FactParts& wanted, const FactDetails* found,
                 const FactParts& late) {
  for (const FactPart part : wanted)
    if (found == nullptr || !contains(found->read, part)) missing.push_back({part, contains(late, part)});
}

// The slow tier counts once it had its turn.
std::vector<Missing> missing_parts(const ServerView& server) {
  const int version = static_cast<int>(server.facts()->server_version_num);
  std::vector<Missing> missing;
  const FactDetails* fast = server.details();
  add_missing(missing, fact_parts(FactTier::kFast, version), fast,
              fast != nullptr ? fast->late : FactParts());
  if (const SlowTier* slow = server.slow(); slow != nullptr)
    add_missing(missing, fact_parts(FactTier::kSlow, version), server.slow_details(), slow->late);
  return missing;
}

MetricFamilies collect(const ExporterView& view) {
  ServerFamily role(kMetrics[0], view), known(kMetrics[1], view), missing(kMetrics[2], view),
      left_out(kMetrics[3], view);
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr) continue;
    known.add(server, static_cast<int>(facts->server_version_num) <= kNewestKnownServer ? 1 : 0);
    for (const auto& [part, late] : missing_parts(server))
      missing.add(server, 1, {{"part", std::string(to_string(part))}, {"reason", late ? "late" : "refused"}});
    const FactDetails* details = server.details();
    if (details == nullptr) continue;
    if (details->privileges && details->privileges->statistics == false)
      missing.add(server, 1, {{"part", "columns"}, {"reason", "hidden"}});
    if (details->privileges && details->privileges->statistics && details->privileges->directories)
      role.add(server, *details->privileges->statistics && *details->privileges->directories ? 1 : 0);
    if (details->standbys)
      left_out.add(server, static_cast<double>(details->standbys->left_out), {{"kind", "standbys"}});
    if (details->slots)
      left_out.add(server, static_cast<double>(details->slots->left_out), {{"kind", "slots"}});
  }
  MetricFamilies families;
  for (ServerFamily* family : {&role, &known, &missing, &left_out}) family->append_to(families);
  return families;
}

}  // namespace

const Collector kCompletenessCollector{"completeness", kMetrics, collect};

}  // namespace farshore

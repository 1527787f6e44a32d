// What the actuator does, waits for, or is kept from.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Alert kTable[] = {
    {.name = "RunHeld",
     .expr = "max by (cluster) (last_over_time(farshore_runs_held[${recent}])) > 0",
     .hold = "",
     .severity = "critical",
     .action = "",
     .summary = "A failover is held: it waits for a person.",
     .description =
         "A failover of {{ $labels.cluster }} is held; farshorectl why {{ $labels.cluster }} says why."},
    // The journal counts, so that a restart loses none. Two samples and not the three hundred between them.
    {.name = "RunRefused",
     .expr = R"(max by (cluster) (
  last_over_time(farshore_runs_total{state="refused"}[${recent}])
  > last_over_time(farshore_runs_total{state="refused"}[1m] offset 5m)
))",
     .hold = "",
     .severity = "warning",
     .action = "",
     .summary = "A failover was asked for and refused; everything is as before.",
     .description =
         "A failover of {{ $labels.cluster }} was refused; farshorectl why {{ $labels.cluster }} says why."},
    {.name = "FailoverInProgress",
     .expr = "max by (cluster) (last_over_time(farshore_cluster_epoch_claimed[${recent}])) > 0",
     .hold = "",
     .severity = "info",
     .action = "",
     .summary = "A failover is under way.",
     .description = "A run has claimed epoch {{ $value }} of {{ $labels.cluster }}."},
    {.name = "AutomationLatched",
     .expr = "sum(last_over_time(farshore_automation_latched[${recent}])) > 0",
     .hold = "",
     .severity = "critical",
     .action = "",
     .summary = "No failover starts in any cluster until a person clears the latch.",
     .description =
         "{{ $value }} actuators are latched; farshorectl status says why, farshorectl unlatch ends it."},
    {.name = "AutomationPaused",
     .expr = "max by (cluster) (last_over_time(farshore_cluster_paused[${recent}])) == 1",
     .hold = "4h",
     .severity = "warning",
     .action = "",
     .summary = "Failover of a cluster is paused for hours; perhaps that was forgotten.",
     .description =
         "Failover of {{ $labels.cluster }} is paused; farshorectl resume {{ $labels.cluster }} ends it."},
    {.name = "ReignUnknown",
     .expr = R"(max by (cluster) (last_over_time(farshore_cluster_paused[${recent}]))
unless on (cluster) last_over_time(farshore_cluster_primary_epoch[${recent}]))",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "Nobody is known to be the primary: no failover can start.",
     .description = "Nobody is known to reign over {{ $labels.cluster }}; no failover can start."},
    // What the topology or a failover just made says is left out: a cluster in mode approve is never ready.
    {.name = "NotReady",
     .expr = R"(max by (cluster) (
  last_over_time(farshore_failover_ready{reason!~"mode_off|mode_approve|cooldown"}[${recent}])
) < 1
or min by (cluster) (last_over_time(farshore_failover_plan_age_seconds[${recent}])) > ${plan_age_seconds})",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "The rehearsal finds that a failover could not run, or is not made any more.",
     .description =
         "{{ $labels.cluster }} could not be failed over now; farshorectl plan {{ $labels.cluster }} says "
         "why.",
     .muted_by = "PrimaryDown|RunHeld|NoPromotableStandby|RpoAtRisk"},
    // A reign begins with a failover or an adoption; until drills are journaled nothing else is proof.
    {.name = "DrillOverdue",
     .expr = R"(time() - max by (cluster) (
  last_over_time(farshore_cluster_reign_began_timestamp_seconds[${recent}])
) > ${drill_age_seconds})",
     .hold = "1h",
     .severity = "warning",
     .action = "",
     .summary = "For long nothing has shown that a failover of this cluster works.",
     .description =
         "{{ $labels.cluster }} was last failed over, or adopted, {{ $value | humanizeDuration }} ago."},
    {.name = "TrafficNotSwitched",
     .expr =
         "max by (cluster, record, type) (last_over_time(farshore_traffic_switch_pending[${recent}])) == 1",
     .hold = "10s",
     .severity = "warning",
     .action = "",
     .summary = "A traffic record was not moved to the new primary's region.",
     .description = "{{ $labels.record }}{{ with $labels.type }} {{ . }}{{ end }} of {{ $labels.cluster }} "
                    "does not point at the primary's region. Farshore goes on trying."},
    {.name = "HookPending",
     .expr = "max by (cluster, hook) (last_over_time(farshore_hook_pending[${recent}])) == 1",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A hook was not carried out since a failover.",
     .description =
         "Hook {{ $labels.hook }} of {{ $labels.cluster }} is not in force, as far as its check can tell: "
         "clients that it should have told of the new primary may not know. Farshore goes on trying."},
    {.name = "JournalUnwritable",
     .expr = "min by (instance) (last_over_time(farshore_journal_writable[${recent}])) == 0",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "The actuator cannot write its journal: nothing is accepted or done.",
     .description = "The actuator at {{ $labels.instance }} cannot write its journal."},
};

}  // namespace

const Group kAutomation = {"automation", "5s", {}, kTable};

}  // namespace farshore::pack

#include "actuator/journal/run_json.h"

namespace farshore {

void write_run_fields(JsonWriter& writer, const RunRecord& run) {
  writer.field("id", run.id)
      .field("cluster", run.cluster)
      .field("state", to_string(run.state))
      .field("reason", run.reason)
      .field("step", run.step)
      .field("retryable", run.retryable)
      .field("promoting", run.promoting)
      .field("from_epoch", run.from_epoch)
      .field("epoch", run.epoch)
      .field("old_primary", run.old_primary)
      .field("old_region", run.old_region)
      .field("candidate", run.candidate)
      .field("region", run.region);
  writer.field("accepted_at", format_rfc3339(run.accepted_at))
      .field("started_at", format_rfc3339(run.started_at));
  if (run.ended_at)
    writer.field("ended_at", format_rfc3339(*run.ended_at));
  else
    writer.null_field("ended_at");
}

}  // namespace farshore

#include "actuator/journal/rows.h"

#include "actuator/journal/journal_rules.h"
#include "common/json/json_value.h"
#include "common/json/json_writer.h"

namespace farshore::rows {
namespace {

constexpr size_t kMaxFactsBytes = size_t{4} << 20;

}  // namespace

Result<AlertRecord> alert(const Statement& row) {
  AlertRecord alert;
  alert.id = row.integer(0);
  alert.received_at = to_time(row.integer(1));
  alert.principal = row.text(2);
  alert.status = row.integer(3) != 0 ? AlertStatus::kFiring : AlertStatus::kResolved;
  alert.alertname = row.text(4);
  alert.action = row.text(5);
  alert.cluster = row.text(6);
  alert.region = row.text(7);
  alert.server = row.text(8);
  alert.fingerprint = row.text(9);
  alert.epoch = row.integer(10);
  alert.starts_at = to_time(row.integer(11));
  alert.verdict = row.text(12);
  alert.reason = row.text(13);
  alert.run_id = row.text(14);
  return alert;
}

Result<Reign> reign(const Statement& row) {
  return Reign{row.text(0), row.integer(1),         row.text(2), static_cast<uint32_t>(row.integer(3)),
               row.text(4), to_time(row.integer(5))};
}

Result<RunRecord> run(const Statement& row) {
  RunRecord run;
  run.id = row.text(0);
  run.cluster = row.text(1);
  run.from_epoch = row.integer(2);
  run.epoch = row.integer(3);
  run.old_primary = row.text(4);
  run.old_region = row.text(5);
  run.candidate = row.text(6);
  run.region = row.text(7);
  const auto state = parse_run_state(row.text(8));
  if (!state) return tl::unexpected(state.error());
  run.state = *state;
  run.step = row.text(9);
  run.reason = row.text(10);
  run.retryable = row.integer(11) != 0;
  run.promoting = row.integer(12) != 0;
  run.accepted_at = to_time(row.integer(13));
  run.started_at = to_time(row.integer(14));
  if (!row.is_null(15)) run.ended_at = to_time(row.integer(15));
  return run;
}

Result<StepRecord> step(const Statement& row) {
  StepRecord step;
  step.run_id = row.text(0);
  step.sequence = row.integer(1);
  step.attempt = static_cast<int>(row.integer(2));
  step.step = row.text(3);
  const auto event = parse_step_event(row.text(4));
  if (!event) return tl::unexpected(event.error());
  step.event = *event;
  step.at = to_time(row.integer(5));
  step.detail = row.text(6);
  auto facts = facts_from_json(row.text(7));
  if (!facts) return tl::unexpected(facts.error());
  step.facts = std::move(*facts);
  return step;
}

Result<ActionRecord> action(const Statement& row) {
  return ActionRecord{
      to_time(row.integer(0)), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)};
}

std::string facts_to_json(const RunFacts& facts) {
  JsonWriter writer;
  writer.begin_object();
  for (const auto& [name, value] : facts) writer.field(name, value);
  writer.end_object();
  return writer.str();
}

Result<RunFacts> facts_from_json(const std::string& json) {
  const auto document = parse_json(json, kMaxFactsBytes);
  if (!document) return fail(ErrorCode::kCorrupt, "facts of a step: {}", document.error().message);
  RunFacts facts;
  for (const auto& [name, value] : document->members()) {
    const auto text = value.as_string();
    if (!text) return fail(ErrorCode::kCorrupt, "facts of a step: {}", text.error().message);
    facts[name] = *text;
  }
  return facts;
}

}  // namespace farshore::rows

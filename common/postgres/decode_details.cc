#include "common/postgres/decode_details.h"

#include <charconv>
#include <limits>

#include "common/json/json_value.h"

namespace farshore {
namespace {

// The members of one JSON object; what is missing, null or of another type is absent.
class Members {
 public:
  explicit Members(const JsonValue& object) : object_(object) {}

  std::optional<std::string> text(std::string_view key) const {
    return read<std::string>(key, [](const JsonValue& value) { return value.as_string(); });
  }
  std::optional<int64_t> integer(std::string_view key) const {
    return read<int64_t>(key, [](const JsonValue& value) { return value.as_int(); });
  }
  std::optional<bool> boolean(std::string_view key) const {
    return read<bool>(key, [](const JsonValue& value) { return value.as_bool(); });
  }
  std::optional<Lsn> lsn(std::string_view key) const {
    return read<Lsn>(key, [](const JsonValue& value) -> Result<Lsn> {
      const Result<std::string> written = value.as_string();
      if (!written) return tl::unexpected<Error>(written.error());
      return Lsn::parse(*written);
    });
  }
  std::optional<nanoseconds> duration(std::string_view key) const {
    const auto value = integer(key);
    return value ? from_microseconds(*value) : std::nullopt;
  }
  std::optional<WallTime> time(std::string_view key) const {
    const auto since_epoch = duration(key);
    return since_epoch ? std::optional(WallTime(*since_epoch)) : std::nullopt;
  }
  // Settings are text whatever they mean.
  std::optional<int64_t> number_in_text(std::string_view key) const {
    const auto written = text(key);
    int64_t value = 0;
    if (!written) return std::nullopt;
    const char* const last = written->data() + written->size();
    const auto [end, error] = std::from_chars(written->data(), last, value);
    return error == std::errc() && end == last ? std::optional(value) : std::nullopt;
  }
  std::vector<JsonValue> rows() const {
    const auto found = object_.find("rows");
    return found ? found->items() : std::vector<JsonValue>();
  }

 private:
  template <typename T, typename Read>
  std::optional<T> read(std::string_view key, Read as_type) const {
    const std::optional<JsonValue> found = object_.find(key);
    if (!found) return std::nullopt;
    const Result<T> value = as_type(*found);
    return value ? std::optional<T>(*value) : std::nullopt;
  }
  const JsonValue& object_;
};

StandbyConnections read_standby(const Members& in) {
  StandbyConnections row;
  row.application_name = in.text("name").value_or("");
  row.connections = in.integer("connections").value_or(0);
  row.state = in.text("state");
  row.sync_state = in.text("sync_state");
  row.sync_priority = in.integer("sync_priority");
  row.sent = in.lsn("sent");
  row.write = in.lsn("write");
  row.flush = in.lsn("flush");
  row.replay = in.lsn("replay");
  row.write_lag = in.duration("write_lag");
  row.flush_lag = in.duration("flush_lag");
  row.replay_lag = in.duration("replay_lag");
  row.reply_time = in.time("reply_time");
  return row;
}

StandbyList read_standbys(const Members& in) {
  StandbyList list;
  for (const JsonValue& row : in.rows()) list.rows.push_back(read_standby(Members(row)));
  list.left_out = std::max<int64_t>(0, in.integer("total").value_or(0) - std::ssize(list.rows));
  list.synchronous = in.integer("synchronous");
  list.sync_names = in.text("sync_names");
  return list;
}

SlotFacts read_slot(const Members& in) {
  SlotFacts slot;
  slot.name = in.text("name").value_or("");
  slot.type = in.text("type").value_or("");
  slot.active = in.boolean("active");
  slot.retained_bytes = in.integer("retained");
  slot.safe_bytes = in.integer("safe");
  slot.wal_status = in.text("wal_status");
  slot.conflicting = in.boolean("conflicting");
  slot.inactive_since = in.time("inactive_since");
  slot.invalidation = in.text("invalidation");
  slot.failover = in.boolean("failover");
  slot.synced = in.boolean("synced");
  return slot;
}

SlotList read_slots(const Members& in) {
  SlotList list;
  for (const JsonValue& row : in.rows()) list.rows.push_back(read_slot(Members(row)));
  list.left_out = std::max<int64_t>(0, in.integer("total").value_or(0) - std::ssize(list.rows));
  return list;
}

std::map<std::string, int64_t> read_conflicts(const JsonValue& object) {
  std::map<std::string, int64_t> conflicts;
  for (const auto& [kind, value] : object.members())
    if (const Result<int64_t> count = value.as_int()) conflicts[kind] = *count;
  return conflicts;
}

SettingFacts read_settings(const Members& in) {
  SettingFacts settings;
  settings.pending_restart = in.integer("pending_restart");
  if (const auto value = in.number_in_text("receiver_timeout_ms"))
    settings.receiver_timeout = milliseconds(*value);
  if (const auto value = in.number_in_text("receiver_status_s"))
    settings.receiver_status_interval = seconds(*value);
  if (const auto value = in.number_in_text("slot_keep_mb"))
    settings.slot_keep_bytes = *value < 0 ? -1 : *value * 1024 * 1024;
  settings.archive_mode = in.text("archive_mode");
  return settings;
}

void read_part(FactPart part, const JsonValue& object, FactDetails& details) {
  const Members in(object);
  switch (part) {
    case FactPart::kWal:
      details.insert = in.lsn("insert");
      break;
    case FactPart::kReceiver:
      details.receiver = {in.lsn("written"), in.time("latest_end_time"), in.time("sent"),
                          in.time("received")};
      break;
    case FactPart::kReplay:
      details.replay = {in.text("pause_state"), in.duration("delay")};
      break;
    case FactPart::kStandbys:
      details.standbys = read_standbys(in);
      break;
    case FactPart::kSlots:
      details.slots = read_slots(in);
      break;
    case FactPart::kArchiver:
      details.archiver = {in.integer("archived"), in.integer("failed"), in.time("last_archived"),
                          in.time("last_failed")};
      break;
    case FactPart::kConflicts:
      details.conflicts = read_conflicts(object);
      break;
    case FactPart::kPrepared:
      details.prepared = {in.integer("count"), in.time("oldest")};
      break;
    case FactPart::kSessions:
      details.sessions = {in.integer("clients"), in.integer("limit"), in.integer("reserved")};
      break;
    case FactPart::kProcess:
      details.postmaster_start = in.time("started");
      break;
    case FactPart::kPrivileges:
      details.privileges = {in.boolean("statistics"), in.boolean("directories")};
      break;
    case FactPart::kDirectories:
      details.directories = {in.integer("wal_bytes"), in.integer("wal_files"), in.integer("ready_files")};
      break;
    case FactPart::kSettings:
      details.settings = read_settings(in);
      break;
    case FactPart::kTransactionIds:
      details.oldest_xid_age = in.integer("age");
      break;
  }
}

}  // namespace

std::optional<nanoseconds> from_microseconds(int64_t value) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max() / 1000;
  if (value < -kLargest || value > kLargest) return std::nullopt;
  return std::chrono::microseconds(value);
}

FactDetails decode_details(std::span<const std::optional<std::string>> columns, const FactParts& parts) {
  FactDetails details;
  for (size_t i = 0; i < parts.size() && i < columns.size(); ++i) {
    if (columns[i]) {
      const Result<JsonValue> object = parse_json(*columns[i]);
      if (!object || !object->is_object()) continue;
      read_part(parts[i], *object, details);
    }
    details.read.push_back(parts[i]);
  }
  return details;
}

}  // namespace farshore

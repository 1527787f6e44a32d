#include "actuator/cloud/linode_instance.h"

#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

Result<LinodeInstance> parse_instance(const JsonValue& json) {
  const auto id = json.get_int("id");
  const auto label = json.get_string("label");
  const auto status = json.get_string("status");
  const auto watchdog = json.get_bool("watchdog_enabled");
  if (!id || !label || !status || !watchdog)
    return fail(ErrorCode::kUnavailable, "the answer is not of the Linode API");
  return LinodeInstance{*id, *label, one_line(*status), *watchdog};
}

}  // namespace

LinodeFinder::LinodeFinder(const ProviderConfig& provider)
    : id_(id_field(provider, "linode_id")), label_(text_field(provider, "label")), line_(provider.line) {}

Status LinodeFinder::check(const std::string& what) const {
  if (id_ || !label_.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, "line {}: {} needs 'linode_id' or 'label'", line_, what);
}

std::string LinodeFinder::name() const { return id_ ? fmt::format("Linode {}", *id_) : "Linode " + label_; }

Result<LinodeInstance> LinodeFinder::look(LinodeApi& api, BootTime deadline) {
  std::optional<int64_t> id = id_;
  if (!id) {
    const std::lock_guard lock(mutex_);
    id = found_;
  }
  if (!id) {
    // Once, so all of them: the published description of this list takes no filter as it is really written.
    const auto items = api.list("/v4/linode/instances", "", deadline);
    if (!items) return tl::unexpected(items.error());
    for (const JsonValue& json : *items) {
      const auto one = parse_instance(json);
      if (!one) return tl::unexpected(one.error());
      if (one->label == label_) id = one->id;
    }
    if (!id) return fail(ErrorCode::kNotFound, "the token sees no Linode with the label {}", label_);
    const std::lock_guard lock(mutex_);
    found_ = id;
  }
  // By number: lists may be older than the object, and have a smaller rate limit.
  const auto json = api.get(fmt::format("/v4/linode/instances/{}", *id), deadline);
  if (!json) return tl::unexpected(json.error());
  auto instance = parse_instance(*json);
  if (!instance) return instance;
  if (instance->id != *id) return fail(ErrorCode::kUnavailable, "the answer is of another Linode");
  if (!label_.empty() && instance->label != label_)
    return fail(ErrorCode::kConflict, "Linode {} has the label {} and not {}: nothing is done to it", *id,
                one_line(instance->label), label_);
  return instance;
}

}  // namespace farshore

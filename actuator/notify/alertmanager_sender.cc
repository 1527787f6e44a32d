#include "actuator/notify/alertmanager_sender.h"

#include "actuator/notify/json_post.h"
#include "common/json/json_writer.h"

namespace farshore {
namespace {

// Long enough for every group_wait, for clocks that differ by minutes, and for the actuator to be restarted:
// Alertmanager takes an alert whose end has passed and tells nobody.
constexpr nanoseconds kLasts = 10min;

struct Words {
  std::string_view kind, alertname, severity, summary;
};
constexpr Words kWords[] = {
    {"held", "FarshoreRunHeld", "critical", "Failover run {} of {} waits for a person."},
    {"succeeded", "FarshoreRunSucceeded", "warning", "Failover run {} of {} succeeded."},
    {"refused", "FarshoreRunRefused", "warning", "Failover run {} of {} was refused; nothing was done."},
};

const Words* words_of(const Notice& notice) {
  for (const Words& words : kWords)
    if (words.kind == notice.kind) return &words;
  return nullptr;
}

class AlertmanagerSender final : public Sender {
 public:
  AlertmanagerSender(JsonTarget target, const std::string& url, const SenderDeps& deps)
      : target_(std::move(target)), name_("alertmanager " + url), deps_(deps) {}

  const std::string& kind() const override { return kind_; }
  const std::string& name() const override { return name_; }
  bool wants(const Notice& notice) const override { return words_of(notice) != nullptr; }
  bool keeps_up() const override { return true; }

  Status send(const Notice& notice) override {
    const Words* words = words_of(notice);
    if (words == nullptr) return fail(ErrorCode::kInvalidArgument, "no alert is made of '{}'", notice.kind);
    return post_json(deps_.http, target_, body(notice, *words));
  }

 private:
  std::string body(const Notice& notice, const Words& words) const {
    const WallTime now = deps_.clock.wall_now();
    JsonWriter json;
    json.begin_array().begin_object().object("labels");
    json.field("alertname", words.alertname).field("cluster", notice.cluster).field("run_id", notice.run_id);
    if (notice.run && !notice.run->old_region.empty()) json.field("region", notice.run->old_region);
    json.field("severity", words.severity).end_object().object("annotations");
    json.field("summary", fmt::format(fmt::runtime(words.summary), notice.run_id, notice.cluster));
    json.field("description", notice.message);
    json.field("next_step", fmt::format("farshorectl why {}", notice.run_id)).end_object();
    json.field("startsAt", format_rfc3339(std::min(began(notice), now)));
    json.field("endsAt", format_rfc3339(notice.over ? now : now + kLasts));
    json.end_object().end_array();
    return json.str();
  }

  static WallTime began(const Notice& notice) {
    return notice.run && notice.run->ended_at ? *notice.run->ended_at : notice.at;
  }

  const JsonTarget target_;
  const std::string kind_ = "alertmanager", name_;
  const SenderDeps deps_;
};

}  // namespace

Result<Senders> make_alertmanager_senders(const NotifyConfig& config, const SenderDeps& deps) {
  std::vector<std::string> urls;
  if (const auto own = config.provider.text.find("url"); own != config.provider.text.end())
    urls.push_back(own->second);
  else
    for (const RegionUrl& each : deps.alertmanagers) urls.push_back(each.url);
  Senders senders;
  for (const std::string& url : urls) {
    NotifyConfig one = config;
    one.provider.text["url"] = url;
    auto target = json_target(one, "/api/v2/alerts");
    if (!target) return tl::unexpected(target.error());
    senders.push_back(std::make_unique<AlertmanagerSender>(std::move(*target), url, deps));
  }
  return senders;
}

}  // namespace farshore

#include "actuator/notify/webhook_sender.h"

#include "actuator/journal/run_json.h"
#include "actuator/notify/json_post.h"
#include "common/json/json_writer.h"

namespace farshore {
namespace {

class WebhookSender final : public Sender {
 public:
  WebhookSender(JsonTarget target, const SenderDeps& deps)
      : target_(std::move(target)), name_(receiver_name("webhook", target_)), deps_(deps) {}

  const std::string& kind() const override { return kind_; }
  const std::string& name() const override { return name_; }
  bool wants(const Notice&) const override { return true; }
  Status send(const Notice& notice) override { return post_json(deps_.http, target_, body(notice)); }

 private:
  static std::string body(const Notice& notice) {
    JsonWriter json;
    json.begin_object().field("version", 1).field("id", identity(notice)).field("event", notice.kind);
    json.field("cluster", notice.cluster)
        .field("message", notice.message)
        .field("at", format_rfc3339(notice.at));
    if (notice.run_id.empty())
      json.null_field("run_id");
    else
      json.field("run_id", notice.run_id);
    if (notice.run) {
      write_run_fields(json.object("run"), *notice.run);
      json.end_object();
    } else {
      json.null_field("run");
    }
    json.end_object();
    return json.str();
  }

  const JsonTarget target_;
  const std::string kind_ = "webhook", name_;
  const SenderDeps deps_;
};

}  // namespace

Result<Senders> make_webhook_sender(const NotifyConfig& config, const SenderDeps& deps) {
  auto target = json_target(config, "");
  if (!target) return tl::unexpected(target.error());
  Senders senders;
  senders.push_back(std::make_unique<WebhookSender>(std::move(*target), deps));
  return senders;
}

}  // namespace farshore

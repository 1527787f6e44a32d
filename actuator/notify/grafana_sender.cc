#include "actuator/notify/grafana_sender.h"

#include "actuator/notify/json_post.h"
#include "common/json/json_writer.h"

namespace farshore {
namespace {

int64_t to_ms(WallTime time) { return std::chrono::floor<milliseconds>(time.time_since_epoch()).count(); }

// Grafana shows the text of an annotation as HTML.
std::string as_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

class GrafanaSender final : public Sender {
 public:
  GrafanaSender(JsonTarget target, const SenderDeps& deps)
      : target_(std::move(target)), name_(receiver_name("grafana", target_)), deps_(deps) {}

  const std::string& kind() const override { return kind_; }
  const std::string& name() const override { return name_; }
  bool wants(const Notice&) const override { return true; }
  Status send(const Notice& notice) override { return post_json(deps_.http, target_, body(notice)); }

 private:
  static std::string body(const Notice& notice) {
    const WallTime end = notice.run && notice.run->ended_at ? *notice.run->ended_at : notice.at;
    const WallTime begin =
        notice.is_outcome() && notice.run ? std::min(notice.run->started_at, end) : notice.at;
    JsonWriter json;
    json.begin_object().field("time", to_ms(begin));
    if (notice.is_outcome()) json.field("timeEnd", to_ms(end));
    json.array("tags").value("farshore").value("cluster:" + notice.cluster).value(notice.kind);
    if (!notice.run_id.empty()) json.value("run:" + notice.run_id);
    json.end_array();
    const std::string who = notice.run_id.empty() ? notice.cluster : notice.run_id;
    json.field("text", as_html(fmt::format("{} {}: {}", who, notice.kind, notice.message))).end_object();
    return json.str();
  }

  const JsonTarget target_;
  const std::string kind_ = "grafana", name_;
  const SenderDeps deps_;
};

}  // namespace

Result<Senders> make_grafana_sender(const NotifyConfig& config, const SenderDeps& deps) {
  auto target = json_target(config, "/api/annotations");
  if (!target) return tl::unexpected(target.error());
  Senders senders;
  senders.push_back(std::make_unique<GrafanaSender>(std::move(*target), deps));
  return senders;
}

}  // namespace farshore

#include "actuator/webhook/payload.h"

#include "common/json/json_value.h"

namespace farshore {
namespace {

constexpr size_t kMaxShown = 128;

Result<std::string> label(const JsonValue& labels, std::string_view name) {
  auto text = labels.find_string(name);
  if (!text) return tl::unexpected(text.error());
  return text->value_or("");
}

std::optional<AlertStatus> parse_status(const std::string& text) {
  if (text == "firing") return AlertStatus::kFiring;
  if (text == "resolved") return AlertStatus::kResolved;
  return std::nullopt;
}

Result<WebhookAlert> parse_alert(const JsonValue& value) {
  WebhookAlert alert;
  const auto labels = value.get_object("labels");
  if (!labels) return tl::unexpected(labels.error());
  struct Field {
    std::string_view name;
    std::string WebhookAlert::* member;
  };
  constexpr Field kLabels[] = {
      {"alertname", &WebhookAlert::alertname}, {"farshore_action", &WebhookAlert::action},
      {"cluster", &WebhookAlert::cluster},     {"region", &WebhookAlert::region},
      {"server", &WebhookAlert::server},       {"epoch", &WebhookAlert::epoch}};
  for (const auto& field : kLabels) {
    auto text = label(*labels, field.name);
    if (!text) return tl::unexpected(text.error());
    alert.*field.member = std::move(*text);
  }
  const auto status = value.get_string("status");
  if (!status) return tl::unexpected(status.error());
  alert.status = parse_status(*status);
  auto fingerprint = label(value, "fingerprint");
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  alert.fingerprint = std::move(*fingerprint);
  const auto starts_at = label(value, "startsAt");
  if (!starts_at) return tl::unexpected(starts_at.error());
  if (auto time = parse_rfc3339(*starts_at)) alert.starts_at = *time;
  return alert;
}

}  // namespace

Result<WebhookDelivery> parse_delivery(std::string_view body) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  const auto version = document->get_string("version");
  if (!version) return tl::unexpected(version.error());
  if (*version != "4") {
    return fail(ErrorCode::kInvalidArgument, "version is '{}', only 4 is understood", harmless(*version));
  }
  const auto alerts = document->get_array("alerts");
  if (!alerts) return tl::unexpected(alerts.error());
  if (alerts->size() > kMaxAlertsPerDelivery) {
    return fail(ErrorCode::kInvalidArgument, "{} alerts in one body, at most {} are taken", alerts->size(),
                kMaxAlertsPerDelivery);
  }
  WebhookDelivery delivery;
  const auto truncated = document->find_int("truncatedAlerts");
  if (!truncated) return tl::unexpected(truncated.error());
  delivery.truncated = truncated->value_or(0);
  delivery.alerts.reserve(alerts->size());
  for (const auto& value : *alerts) {
    auto alert = parse_alert(value);
    if (!alert) return tl::unexpected(alert.error());
    delivery.alerts.push_back(std::move(*alert));
  }
  return delivery;
}

std::string harmless(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (result.size() >= kMaxShown) return result + "...";
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
    if (plain) {
      result += c;
    } else {
      result += fmt::format("\\x{:02x}", byte);
    }
  }
  return result;
}

}  // namespace farshore

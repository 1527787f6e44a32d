#include "actuator/ctl/json_text.h"
#include "actuator/ctl/text_table.h"
#include "actuator/ctl/words.h"

namespace farshore {
namespace {

// Rehearsed every 10 s, which takes a few seconds at most: an older one says nothing about now.
constexpr double kOldSeconds = 60;

std::string loss_in_words(const JsonValue& plan) {
  const std::string bytes = text_of(plan, "loss_bytes");
  if (bytes.empty() || bytes == "null") return "at an unknown loss";
  const auto seconds = plan.get_double("loss_seconds");
  if (bytes == "0") return "losing nothing that was seen";
  return fmt::format("losing {} bytes{}", bytes,
                     seconds ? fmt::format(" of the last {:.1f} s", *seconds) : ", nobody knows how old");
}

std::string obstacles_in_words(const JsonValue& plan) {
  std::string text;
  for (const JsonValue& obstacle : items_of(plan, "obstacles"))
    text += fmt::format("{}{}{} ({})", text.empty() ? "" : "; ", printable(text_of(obstacle, "text")),
                        flag_of(obstacle, "approvable") ? ", which a person may approve" : "",
                        printable(text_of(obstacle, "reason")));
  return text;
}

}  // namespace

PlanText plan_in_words(const JsonValue& plan) {
  std::vector<std::vector<std::string>> rows{{"#", "STEP", "STATE", "SEEN"}};
  for (const JsonValue& step : items_of(plan, "steps")) {
    const std::string state = text_of(step, "state");
    rows.push_back({text_of(step, "number"), text_of(step, "name"),
                    state == "not_looked" ? "not looked at" : state,
                    state == "not_looked" ? "" : text_of(step, "text")});
  }
  PlanText result;
  result.text = text_table(rows) + "\n";
  const double age = plan.get_double("age_seconds").value_or(kOldSeconds + 1);
  const std::string cluster = printable(text_of(plan, "cluster"));
  if (age > kOldSeconds) {
    result.text += fmt::format("{}: not ready: the last rehearsal is {:.0f} s old\n", cluster, age);
  } else if (flag_of(plan, "ready")) {
    result.ready = true;
    result.text += fmt::format("{}: ready: {} would take over from {}, {} (rehearsed {:.0f} s ago)\n",
                               cluster, printable(text_of(plan, "candidate")),
                               printable(text_of(plan, "primary")), loss_in_words(plan), age);
  } else {
    result.text +=
        fmt::format("{}: not ready: {} (rehearsed {:.0f} s ago)\n", cluster, obstacles_in_words(plan), age);
  }
  return result;
}

}  // namespace farshore

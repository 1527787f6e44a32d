#include "actuator/traffic/nameserver_view.h"

#include <algorithm>
#include <system_error>
#include <thread>

namespace farshore {
namespace {

// A name server that has not answered by now, after four questions, is silent: the name server of a lost
// region must not cost the others' answers the whole deadline.
constexpr nanoseconds kSilentAfter = 1s;

NameServerAnswer ask_one(DnsResolver& dns, const TrafficConfig& config, const std::string& nameserver,
                         BootTime deadline) {
  NameServerAnswer result;
  result.nameserver = nameserver;
  const Result<DnsAnswer> answer = dns.ask(nameserver, config.name, config.type, deadline);
  if (!answer) {
    result.failure = answer.error().message;
    return result;
  }
  constexpr int kNoError = 0, kNxDomain = 3;
  if (answer->rcode != kNoError && answer->rcode != kNxDomain) {
    result.failure = "answers " + rcode_name(answer->rcode);
    return result;
  }
  if (!answer->authoritative) {
    result.failure = "has no authority over " + config.name;
    return result;
  }
  for (const DnsRecord& record : answer->answers)
    if (record.type == config.type) result.addresses.push_back(record.data);
  return result;
}

}  // namespace

Result<std::vector<std::string>> nameservers_for(DnsResolver& dns, const Clock& clock,
                                                 const TrafficConfig& config, BootTime deadline) {
  if (!config.nameservers.empty()) return config.nameservers;
  auto found = dns.nameservers_of(config.name, std::min(deadline, clock.boot_now() + kSilentAfter));
  if (!found) return wrap("no nameservers are configured, and none are found", found.error());
  return found;
}

Result<TrafficView> ask_nameservers(DnsResolver& dns, const Clock& clock, const TrafficConfig& config,
                                    BootTime deadline) {
  TrafficView view;
  const Result<std::vector<std::string>> nameservers = nameservers_for(dns, clock, config, deadline);
  if (!nameservers) return tl::unexpected(nameservers.error());
  deadline = std::min(deadline, clock.boot_now() + kSilentAfter);
  view.answers.resize(nameservers->size());
  try {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < nameservers->size(); ++i)
      threads.emplace_back([&dns, &config, &view, &nameservers, deadline, i] {
        view.answers[i] = ask_one(dns, config, (*nameservers)[i], deadline);
      });
    if (!nameservers->empty()) view.answers[0] = ask_one(dns, config, nameservers->front(), deadline);
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kUnavailable, "cannot ask the name servers at once: {}", error.what());
  }
  return view;
}

}  // namespace farshore

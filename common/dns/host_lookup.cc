#include "common/dns/host_lookup.h"

#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

namespace farshore::dns {
namespace {

constexpr size_t kMaxLookups = 4;

// An errno-like word of getaddrinfo, or the first address.
Result<Address> look_up(const HostPort& target, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &list);
  if (error != 0) return fail(ErrorCode::kUnavailable, "{}: {}", target.host, gai_strerror(error));
  Address address;
  std::memcpy(&address.storage, list->ai_addr, list->ai_addrlen);
  address.size = list->ai_addrlen;
  freeaddrinfo(list);
  return address;
}

}  // namespace

Result<HostPort> split_host_port(const std::string& text) {
  const size_t colon = text.rfind(':');
  HostPort result;
  if (colon != std::string::npos) result = {text.substr(0, colon), text.substr(colon + 1)};
  if (result.host.starts_with('[') && result.host.ends_with(']'))
    result.host = result.host.substr(1, result.host.size() - 2);
  int port = 0;
  const char* end = result.port.data() + result.port.size();
  const auto [rest, error] = std::from_chars(result.port.data(), end, port);
  if (result.host.empty() || error != std::errc() || rest != end || port < 1 || port > 65535)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no name server as host:port", text);
  return result;
}

struct HostLookup::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> running;
  std::map<std::string, Address> last_good;
  std::map<std::string, Result<Address>> finished;  // of the newest look-up of each name
};

HostLookup::HostLookup(Clock& clock, std::stop_token stop)
    : clock_(clock), stop_(std::move(stop)), state_(std::make_shared<State>()) {}

Result<Address> HostLookup::find(const std::string& nameserver, BootTime deadline) {
  const Result<HostPort> target = split_host_port(nameserver);
  if (!target) return tl::unexpected(target.error());
  if (Result<Address> numeric = look_up(*target, AI_NUMERICHOST)) return numeric;

  std::unique_lock lock(state_->mutex);
  if (!state_->running.contains(nameserver) && state_->running.size() < kMaxLookups) {
    state_->finished.erase(nameserver);
    state_->running.insert(nameserver);
    try {
      std::thread([state = state_, nameserver, host = *target] {
        const Result<Address> found = look_up(host, AI_ADDRCONFIG);
        const std::lock_guard guard(state->mutex);
        state->running.erase(nameserver);
        if (found) state->last_good[nameserver] = *found;
        state->finished.insert_or_assign(nameserver, found);
        state->changed.notify_all();
      }).detach();
    } catch (const std::system_error&) {
      state_->running.erase(nameserver);
    }
  }
  // A known address is not waited for: it is corrected for the next question.
  const auto known = state_->last_good.find(nameserver);
  if (known != state_->last_good.end()) return known->second;
  while (!state_->finished.contains(nameserver)) {
    const nanoseconds left = deadline - clock_.boot_now();
    if (left <= 0ns || stop_.stop_requested())
      return fail(ErrorCode::kTimeout, "looking up the name server {} takes too long", nameserver);
    state_->changed.wait_for(lock, std::min<nanoseconds>(left, 100ms));
  }
  return state_->finished.at(nameserver);
}

}  // namespace farshore::dns

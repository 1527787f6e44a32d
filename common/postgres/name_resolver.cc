#include "common/postgres/name_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <map>
#include <system_error>
#include <thread>

namespace farshore {

Result<std::vector<std::string>> resolve_with_system(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (error != 0) return fail(ErrorCode::kUnavailable, "cannot resolve {}: {}", name, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list; entry != nullptr && addresses.size() < 8; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.emplace_back(text);
  }
  if (addresses.empty()) return fail(ErrorCode::kUnavailable, "{} has no address", name);
  return addresses;
}

std::optional<Result<std::vector<std::string>>> NameLookup::result() const {
  const std::scoped_lock lock(mutex_);
  return result_;
}

std::optional<Result<std::vector<std::string>>> NameLookup::wait(BootTime deadline,
                                                                 const Clock& clock) const {
  std::unique_lock lock(mutex_);
  while (!result_) {
    const nanoseconds left = deadline - clock.boot_now();
    if (left <= 0ns) break;
    done_.wait_for(lock, std::min<nanoseconds>(left, 1s));
  }
  return result_;
}

void NameLookup::finish(Result<std::vector<std::string>> result) {
  {
    const std::scoped_lock lock(mutex_);
    result_ = std::move(result);
  }
  done_.notify_all();
}

struct NameResolver::State {
  ResolveFunction resolve;
  std::function<void()> on_done;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<NameLookup>> pending;  // queued or under way
  std::deque<std::string> queue;
  size_t threads = 0;
};

NameResolver::NameResolver(ResolveFunction resolve, std::function<void()> on_done)
    : state_(std::make_shared<State>()) {
  state_->resolve = std::move(resolve);
  state_->on_done = std::move(on_done);
}

NameResolver::~NameResolver() {
  const std::scoped_lock lock(state_->mutex);
  state_->queue.clear();
}

std::shared_ptr<const NameLookup> NameResolver::look_up(const std::string& name) {
  const std::scoped_lock lock(state_->mutex);
  std::shared_ptr<NameLookup>& entry = state_->pending[name];
  if (entry) return entry;
  const auto lookup = entry = std::make_shared<NameLookup>();
  state_->queue.push_back(name);
  if (state_->threads == kMaxThreads) return lookup;
  try {
    // Detached: a thread inside getaddrinfo can be neither stopped nor joined in time.
    std::thread(work, state_).detach();
    ++state_->threads;
  } catch (const std::system_error& error) {
    if (state_->threads > 0) return lookup;  // another one will come to it
    state_->queue.pop_back();
    state_->pending.erase(name);
    lookup->finish(fail(ErrorCode::kUnavailable, "cannot resolve {}: no thread: {}", name, error.what()));
  }
  return lookup;
}

void NameResolver::work(std::shared_ptr<State> state) {
  std::unique_lock lock(state->mutex);
  while (!state->queue.empty()) {
    const std::string name = state->queue.front();
    state->queue.pop_front();
    lock.unlock();
    Result<std::vector<std::string>> addresses = state->resolve(name);
    lock.lock();
    const std::shared_ptr<NameLookup> lookup = state->pending[name];
    state->pending.erase(name);
    lock.unlock();
    lookup->finish(std::move(addresses));
    if (state->on_done) state->on_done();
    lock.lock();
  }
  --state->threads;
}

}  // namespace farshore

#include "common/web/front.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/log.h"
#include "common/web/front_config.h"
#include "common/web/private_file.h"
#include "common/web/tls_material.h"

namespace farshore {
namespace {

constexpr nanoseconds kStartLimit = 10s;
constexpr nanoseconds kPingEvery = 5s;
constexpr nanoseconds kPingLimit = 2s;
constexpr int kPingsUntilStuck = 3;
constexpr nanoseconds kFirstBackoff = 100ms;
constexpr nanoseconds kLongestBackoff = 10s;
constexpr nanoseconds kLivedLong = 60s;
constexpr size_t kMostLeaving = 4;  // reloads in a row: the oldest of those that still finish is ended

Clock& clock() { return system_clock(); }

}  // namespace

Result<std::string> find_haproxy(const std::string& program) {
  if (!program.empty()) {
    if (program.front() == '/' && access(program.c_str(), X_OK) == 0) return program;
    return fail(ErrorCode::kNotFound, "--web.haproxy={}: no program at this absolute path", program);
  }
  for (const char* folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/"}) {
    std::string path = std::string(folder) + "haproxy";
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(ErrorCode::kNotFound,
              "TLS and IPv6 are served by HAProxy, which is not installed: apt-get install haproxy, or say "
              "where it is with --web.haproxy");
}

Front::Front(FrontOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<Front>> Front::start(FrontOptions options, const WebConfig& config) {
  auto program = find_haproxy(options.program);
  if (!program) return tl::unexpected<Error>(program.error());
  options.program = std::move(*program);
  std::unique_ptr<Front> front(new Front(std::move(options)));
  auto generation = front->prepare(config);
  if (!generation) return tl::unexpected<Error>(generation.error());
  front->thread_ = std::thread([self = front.get()] { self->watch(); });
  if (auto started = front->order(std::move(*generation)); !started)
    return tl::unexpected<Error>(started.error());
  return front;
}

Status Front::check(FrontOptions options, const WebConfig& config) {
  auto program = find_haproxy(options.program);
  if (!program) return tl::unexpected<Error>(program.error());
  options.program = std::move(*program);
  const Front front(std::move(options));
  const auto generation = front.prepare(config);
  if (!generation) return tl::unexpected<Error>(generation.error());
  return FrontProcess::check(front.options_.program, front.descriptors(*generation));
}

Front::~Front() { stop(); }

void Front::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.raise();
  thread_.join();
}

Status Front::reload(const WebConfig& config) {
  auto generation = prepare(config);
  if (!generation) return tl::unexpected<Error>(generation.error());
  return order(std::move(*generation));
}

Result<Front::Generation> Front::prepare(const WebConfig& config) const {
  FrontPlan plan{.listeners = {},
                 .certificate = kCertificateSlot,
                 .client_ca = -1,
                 .control = kControlSlot,
                 .program_port = options_.program_port,
                 .program_threads = options_.program_threads,
                 .secret = options_.secret};
  for (size_t i = 0; i < options_.sockets.size(); ++i)
    plan.listeners.push_back(kFirstListenerSlot + static_cast<int>(i));
  Generation generation;
  if (config.tls) {
    auto material = load_tls_material(*config.tls);
    if (!material) return tl::unexpected<Error>(material.error());
    auto certificate = make_private_file("certificate", material->server_pem);
    if (!certificate) return tl::unexpected<Error>(certificate.error());
    generation.certificate = std::move(*certificate);
    if (!material->client_ca_pem.empty()) {
      auto client_ca = make_private_file("client CAs", material->client_ca_pem);
      if (!client_ca) return tl::unexpected<Error>(client_ca.error());
      generation.client_ca = std::move(*client_ca);
      plan.client_ca = kClientCaSlot;
    }
  }
  auto text = make_private_file("front configuration", render_front_config(config, plan));
  if (!text) return tl::unexpected<Error>(text.error());
  generation.config = std::move(*text);
  return generation;
}

FrontDescriptors Front::descriptors(const Generation& generation) const {
  FrontDescriptors result{
      generation.config.get(), generation.certificate.get(), generation.client_ca.get(), {}};
  for (const ListenSocket& one : options_.sockets) result.listeners.push_back(one.socket.get());
  return result;
}

Status Front::order(Generation generation) {
  Order order{std::move(generation), std::nullopt};
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return order_ == nullptr || stop_; });
  if (stop_) return fail(ErrorCode::kUnavailable, "the server ends");
  order_ = &order;
  wake_.raise();
  done_.wait(lock, [&order] { return order.outcome.has_value(); });
  return *order.outcome;
}

void Front::watch() {
  for (;;) {
    Order* order = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) break;
      order = order_;
    }
    if (order != nullptr) obey(*order);
    look_after();
    wait();
  }
  leaving_.clear();
  process_.reset();
  const std::lock_guard lock(mutex_);
  if (order_ != nullptr) order_->outcome = fail(ErrorCode::kUnavailable, "the server ends");
  order_ = nullptr;
  done_.notify_all();
}

void Front::obey(Order& order) {
  Status outcome = FrontProcess::check(options_.program, descriptors(order.generation));
  if (outcome) {
    auto process = launch(order.generation);
    if (process) {
      if (process_) {
        process_->leave();
        leaving_.push_back(std::move(process_));
      }
      process_ = std::move(*process);
      generation_ = std::move(order.generation);
      backoff_ = kFirstBackoff;
    } else {
      outcome = tl::unexpected<Error>(process.error());
    }
  }
  const BootTime now = clock().boot_now();
  started_at_ = now;
  next_ping_ = now + kPingEvery;
  const std::lock_guard lock(mutex_);
  order.outcome = std::move(outcome);
  order_ = nullptr;
  done_.notify_all();
}

Result<std::unique_ptr<FrontProcess>> Front::launch(const Generation& generation) const {
  auto process = FrontProcess::start(options_.program, descriptors(generation));
  if (!process) return process;
  const BootTime until = clock().boot_now() + kStartLimit;
  while (!(*process)->answers(100ms)) {
    if ((*process)->ended()) {
      std::string said = (*process)->end();
      for (const std::string& line : (*process)->take_output()) said += "; " + line;
      return fail(ErrorCode::kUnavailable, "{} ended at once: {}", options_.program, said);
    }
    if (clock().boot_now() >= until)
      return fail(ErrorCode::kUnavailable, "{} does not answer", options_.program);
  }
  return process;
}

void Front::look_after() {
  const BootTime now = clock().boot_now();
  std::erase_if(leaving_, [](const auto& one) { return one->ended(); });
  while (leaving_.size() > kMostLeaving) leaving_.erase(leaving_.begin());
  log_output();
  if (process_ && process_->ended()) {
    log_warn("the TLS front has ended and is started again",
             {{"how", process_->end()}, {"in_seconds", backoff_}});
    process_.reset();
    if (now - started_at_ >= kLivedLong) backoff_ = kFirstBackoff;
    restart_at_ = now + backoff_;
    backoff_ = std::min(backoff_ * 2, kLongestBackoff);
  }
  if (!process_ && generation_ && now >= restart_at_) restart();
  if (!process_ || now < next_ping_) return;
  unanswered_ = process_->answers(kPingLimit) ? 0 : unanswered_ + 1;
  next_ping_ = clock().boot_now() + kPingEvery;
  if (unanswered_ < kPingsUntilStuck) return;
  log_warn("the TLS front stands still: it is ended");
  unanswered_ = 0;
  kill(process_->pid(), SIGKILL);
}

void Front::restart() {
  auto process = launch(*generation_);
  const BootTime now = clock().boot_now();
  started_at_ = now;
  next_ping_ = now + kPingEvery;
  if (process) {
    process_ = std::move(*process);
    log_info("the TLS front serves again", {{"pid", process_->pid()}});
    return;
  }
  log_error("the TLS front cannot be started",
            {{"why", process.error().message}, {"again_in_seconds", backoff_}});
  restart_at_ = now + backoff_;
  backoff_ = std::min(backoff_ * 2, kLongestBackoff);
}

void Front::log_output() {
  if (!process_) return;
  for (const std::string& line : process_->take_output()) log_info("the TLS front says", {{"text", line}});
}

void Front::wait() {
  const BootTime now = clock().boot_now();
  nanoseconds limit = kPingEvery;
  if (!leaving_.empty()) limit = 500ms;  // how soon one that leaves is seen to be gone
  if (process_) limit = std::min<nanoseconds>(limit, next_ping_ - now);
  if (!process_ && generation_) limit = std::min<nanoseconds>(limit, restart_at_ - now);
  limit = std::max<nanoseconds>(limit, 1ms);
  std::vector<pollfd> entries = {{wake_.fd(), POLLIN, 0}};
  if (process_) {
    entries.push_back({process_->pid_descriptor(), POLLIN, 0});
    entries.push_back({process_->output_descriptor(), POLLIN, 0});  // a negative one is skipped
  }
  poll(entries.data(), entries.size(), static_cast<int>(std::chrono::ceil<milliseconds>(limit).count()));
  wake_.clear();
}

}  // namespace farshore

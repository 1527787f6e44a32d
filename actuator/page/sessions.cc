#include "actuator/page/sessions.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

namespace farshore {
namespace {

constexpr size_t kSecretBytes = 32;

Result<std::string> random_hex() {
  std::array<unsigned char, kSecretBytes> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail(ErrorCode::kUnavailable, "the kernel gives no random numbers");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string digest(std::string_view secret) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
  return {hash.begin(), hash.end()};
}

template <typename Map, typename Time>
void forget_oldest(Map& map, Time time) {
  map.erase(std::ranges::min_element(map, {}, [&](const auto& entry) { return time(entry.second); }));
}

}  // namespace

Result<std::string> Sessions::begin(const Principal& principal) {
  auto secret = random_hex();
  auto csrf = random_hex();
  if (!secret) return secret;
  if (!csrf) return csrf;
  const std::lock_guard lock(mutex_);
  const BootTime now = clock_.boot_now();
  std::erase_if(sessions_, [now](const auto& entry) { return entry.second.ends <= now; });
  if (sessions_.size() >= kMost)
    forget_oldest(sessions_, [](const Session& session) { return session.ends; });
  sessions_[digest(*secret)] = {principal, std::move(*csrf), now + kLifetime, std::nullopt};
  return secret;
}

std::optional<Session> Sessions::find(std::string_view secret) {
  const std::string key = digest(secret);
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(key);
  if (found == sessions_.end()) return std::nullopt;
  const BootTime now = clock_.boot_now();
  if (found->second.ends <= now) {
    sessions_.erase(found);
    return std::nullopt;
  }
  auto& notice = found->second.notice;
  if (notice && now - notice->at > std::chrono::minutes(1)) notice.reset();
  return found->second;
}

void Sessions::tell(std::string_view secret, std::string text, bool is_error) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(digest(secret));
  if (found != sessions_.end()) found->second.notice = Notice{std::move(text), is_error, clock_.boot_now()};
}

void Sessions::end(std::string_view secret) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(digest(secret));
}

nanoseconds SignInLimit::wait(const std::string& from, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find({from, name});
  if (found == counts_.end() || found->second.failures < kTries) return 0ns;
  return std::max<nanoseconds>(0ns, found->second.since + kWindow - clock_.boot_now());
}

void SignInLimit::failed(const std::string& from, const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++failures_;
  const BootTime now = clock_.boot_now();
  const Key key{from, name};
  if (counts_.size() >= kMost && counts_.count(key) == 0)
    forget_oldest(counts_, [](const Count& count) { return count.since; });
  Count& count = counts_[key];
  if (count.failures == 0 || now - count.since >= kWindow) count = {0, now};
  ++count.failures;
}

void SignInLimit::succeeded(const std::string& from, const std::string& name) {
  const std::lock_guard lock(mutex_);
  counts_.erase({from, name});
}

int64_t SignInLimit::failures() {
  const std::lock_guard lock(mutex_);
  return failures_;
}

bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace farshore

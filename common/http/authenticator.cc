#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <mutex>
#include <set>
#include <utility>

#include "common/base/secret_file.h"
#include "common/http/access.h"
#include "common/http/base64.h"

namespace farshore {
namespace {

constexpr size_t kMaxHeaderBytes = 4096;
constexpr size_t kMinTokenBytes = 16;
constexpr size_t kMaxPasswordBytes = 72;  // bcrypt ignores what is beyond: refuse it instead
constexpr size_t kRememberedLogins = 64;
constexpr int kHashesAtOnce = 2;
// Hashed in place of an unknown name's, so that the time of the answer does not tell which names exist.
constexpr const char* kNobody = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZBhTZ1Hq6v1W1vYx4W0yJb7Q8Q8u5m";

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest(std::string_view text) {
  Digest result;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), result.data());
  return result;
}

// Equal lengths whatever the secrets are, then compared in constant time.
bool same_secret(std::string_view a, std::string_view b) {
  const Digest first = digest(a);
  const Digest second = digest(b);
  return CRYPTO_memcmp(first.data(), second.data(), first.size()) == 0;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  if (text.size() <= word.size() || text[word.size()] != ' ') return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((text[i] | 0x20) != (word[i] | 0x20)) return false;
  }
  return true;
}

bool matches_bcrypt(const std::string& password, const std::string& hash) {
  crypt_data scratch{};
  const char* result = crypt_r(password.c_str(), hash.c_str(), &scratch);
  const bool matches = result != nullptr && same_secret(result, hash);
  OPENSSL_cleanse(&scratch, sizeof scratch);
  return matches;
}

class AccessAuthenticator final : public Authenticator {
 public:
  explicit AccessAuthenticator(AccessFile access) : access_(std::move(access)) {}

  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization.size() > kMaxHeaderBytes) return unknown();
    std::string_view header = authorization;
    if (starts_with_word(header, "Bearer")) return by_token(header.substr(7));
    if (starts_with_word(header, "Basic")) return by_basic(header.substr(6));
    return unknown();
  }

  // The token first: it costs no hash, and a name alone tells nobody which of the two a principal has.
  Result<Principal> log_in(const std::string& name, const std::string& secret) const override {
    if (secret.size() > kMaxHeaderBytes) return unknown();
    if (auto principal = by_token(secret); principal && principal->name == name) return principal;
    return by_password(name, secret);
  }

 private:
  static tl::unexpected<Error> unknown() {
    return fail(ErrorCode::kPermission, "the credentials are not known");
  }

  Result<Principal> by_token(std::string_view token) const {
    const AccessEntry* found = nullptr;
    for (const auto& entry : access_.entries) {  // all of them, always
      if (entry.bearer_token_file.empty()) continue;
      const auto secret = read_secret_file(entry.bearer_token_file);
      if (!secret || secret->size() < kMinTokenBytes) continue;
      if (same_secret(token, *secret) && found == nullptr) found = &entry;
    }
    if (found == nullptr) return unknown();
    return found->principal;
  }

  Result<Principal> by_basic(std::string_view encoded) const {
    auto decoded = decode_base64(encoded);
    if (!decoded) return unknown();
    const size_t colon = decoded->find(':');
    if (colon == std::string::npos) return unknown();
    return by_password(decoded->substr(0, colon), decoded->substr(colon + 1));
  }

  Result<Principal> by_password(const std::string& name, const std::string& password) const {
    if ((name + password).find('\0') != std::string::npos) return unknown();
    if (password.empty() || password.size() > kMaxPasswordBytes) return unknown();
    const AccessEntry* entry = find(name);
    const std::string hash = entry == nullptr ? kNobody : entry->bcrypt;
    auto verified = verify(digest(name + '\0' + hash + '\0' + password), password, hash);
    if (!verified) return tl::unexpected(verified.error());
    if (!*verified || entry == nullptr) return unknown();
    return entry->principal;
  }

  const AccessEntry* find(const std::string& name) const {
    for (const auto& entry : access_.entries) {
      if (!entry.bcrypt.empty() && entry.principal.name == name) return &entry;
    }
    return nullptr;
  }

  Result<bool> verify(const Digest& login, const std::string& password, const std::string& hash) const {
    {
      const std::lock_guard lock(mutex_);
      if (remembered_.count(login) > 0) return true;
      if (hashing_ >= kHashesAtOnce) {
        return fail(ErrorCode::kUnavailable, "too many passwords are being checked");
      }
      ++hashing_;
    }
    const bool matches = matches_bcrypt(password, hash);
    const std::lock_guard lock(mutex_);
    --hashing_;
    if (!matches) return false;
    if (remembered_.size() >= kRememberedLogins) remembered_.clear();
    remembered_.insert(login);
    return true;
  }

  const AccessFile access_;
  mutable std::mutex mutex_;
  mutable std::set<Digest> remembered_;
  mutable int hashing_ = 0;
};

}  // namespace

Result<Principal> Authenticator::log_in(const std::string&, const std::string&) const {
  return fail(ErrorCode::kPermission, "nobody can sign in here");
}

Result<std::shared_ptr<const Authenticator>> make_authenticator(AccessFile access) {
  for (const auto& entry : access.entries) {
    if (entry.bearer_token_file.empty()) continue;
    const auto secret = read_secret_file(entry.bearer_token_file);
    if (!secret) {
      return fail(ErrorCode::kInvalidArgument, "{}: token of principal {}: {}", access.source,
                  entry.principal.name, secret.error().message);
    }
    if (secret->size() < kMinTokenBytes) {
      return fail(
          ErrorCode::kInvalidArgument,
          "{}: the token of principal {} is shorter than {} characters; make one with: openssl rand -hex 32",
          access.source, entry.principal.name, kMinTokenBytes);
    }
  }
  return std::make_shared<const AccessAuthenticator>(std::move(access));
}

}  // namespace farshore

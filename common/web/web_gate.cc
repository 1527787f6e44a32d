#include "common/web/web_gate.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "common/web/client_certificate.h"

namespace farshore {
namespace {

std::string take(ServerRequest& request, const char* name) {
  const auto found = request.headers.find(name);
  if (found == request.headers.end()) return "";
  std::string value = std::move(found->second);
  request.headers.erase(found);
  return value;
}

// Its length is no secret.
bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<Refusal> ask_password(const Authenticator& passwords, ServerRequest& request) {
  const std::string authorization = take(request, "authorization");  // a handler has no use for the secret
  if (authorization.empty()) return Refusal{401, "unauthenticated", "credentials are required"};
  const auto principal = passwords.authenticate(authorization);
  if (principal) {
    request.principal = principal->name;
    return std::nullopt;
  }
  if (principal.error().code == ErrorCode::kUnavailable) {
    return Refusal{503, "unavailable", "credentials cannot be checked now"};
  }
  return Refusal{401, "unauthenticated", "the credentials are not known"};
}

}  // namespace

WebGate::WebGate(std::string front_secret, GateRules rules) : front_secret_(std::move(front_secret)) {
  replace(std::move(rules));
}

void WebGate::replace(GateRules rules) {
  auto fresh = std::make_shared<const GateRules>(std::move(rules));
  const std::lock_guard lock(mutex_);
  rules_ = std::move(fresh);
}

std::shared_ptr<const GateRules> WebGate::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

std::optional<Refusal> WebGate::admit(ServerRequest& request) const {
  const auto rules = this->rules();
  std::optional<Refusal> refusal;
  if (!front_secret_.empty()) refusal = admit_from_front(*rules, request);
  std::erase_if(request.headers, [](const auto& header) { return header.first.starts_with(kFrontPrefix); });
  if (!refusal && rules->passwords) refusal = ask_password(*rules->passwords, request);
  return refusal;
}

std::optional<Refusal> WebGate::admit_from_front(const GateRules& rules, ServerRequest& request) const {
  if (!same_secret(take(request, kFrontSecretHeader), front_secret_)) {
    return Refusal{403, "forbidden", "this port is for the TLS front only: use the address it listens on"};
  }
  const std::string address = take(request, kClientAddressHeader);
  if (!address.empty()) request.remote_address = address;
  const std::string certificate = take(request, kClientCertificateHeader);
  std::vector<std::string> names;
  if (!certificate.empty()) {
    auto client = read_client_certificate(certificate);
    if (!client) return Refusal{403, "forbidden", "the client certificate cannot be read"};
    request.client_subject = std::move(client->subject);
    names = std::move(client->names);
  }
  if (rules.allowed_sans.empty()) return std::nullopt;
  const bool allowed = std::ranges::any_of(names, [&rules](const std::string& name) {
    return std::ranges::find(rules.allowed_sans, name) != rules.allowed_sans.end();
  });
  if (!allowed) return Refusal{403, "forbidden", "the client certificate has no name that is allowed here"};
  return std::nullopt;
}

void WebGate::complete(ServerReply& reply) const {
  // Held by a name: made in the loop's own head it would be gone before the first turn.
  const auto rules = this->rules();
  for (const auto& [name, value] : rules->headers) reply.headers.emplace(name, value);
}

}  // namespace farshore

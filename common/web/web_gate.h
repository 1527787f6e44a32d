// Who may come in at all, by the web configuration: through the front only when there is one, with a
// certificate that names an allowed client, with a password when users are configured.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/http/server.h"

namespace farshore {

// The headers by which the front and the gate understand each other. What a client sends by these names is
// taken away by the front.
inline constexpr const char* kFrontPrefix = "x-farshore-";
inline constexpr const char* kFrontSecretHeader = "x-farshore-front";
inline constexpr const char* kClientAddressHeader = "x-farshore-client-address";
inline constexpr const char* kClientCertificateHeader = "x-farshore-client-certificate";

struct GateRules {
  std::map<std::string, std::string> headers;      // added to every answer
  std::shared_ptr<const Authenticator> passwords;  // null: none are asked for
  std::vector<std::string> allowed_sans;           // empty: any client that the front let in
};

// Thread-safe. The rules may be replaced at any time; a request is judged by one set of them.
class WebGate final : public Gate {
 public:
  // An empty secret: there is no front, and the headers by these names are taken away here.
  WebGate(std::string front_secret, GateRules rules);

  void replace(GateRules rules);

  std::optional<Refusal> admit(ServerRequest& request) const override;
  void complete(ServerReply& reply) const override;

 private:
  std::shared_ptr<const GateRules> rules() const;
  std::optional<Refusal> admit_from_front(const GateRules& rules, ServerRequest& request) const;

  const std::string front_secret_;
  mutable std::mutex mutex_;
  std::shared_ptr<const GateRules> rules_;
};

}  // namespace farshore

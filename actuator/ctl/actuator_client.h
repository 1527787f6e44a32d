// The actuator's API as seen from the outside. With several actuators the first that answers is asked; an
// order is given to another one only when the first cannot have got it.
#pragma once

#include <string>
#include <vector>

#include "common/http/client.h"
#include "common/json/json_value.h"

namespace farshore {

struct ActuatorAccess {
  std::vector<std::string> urls;  // http://host:port
  std::string token_file;         // empty = no credentials
};

// Errors: kPermission, kNotFound, kConflict, kInvalidArgument: the actuator refused, with its words.
// kUnavailable, kTimeout: not reached, or it cannot now. kUnknown: an order was sent and no answer came.
class ActuatorClient {
 public:
  ActuatorClient(HttpClient& http, ActuatorAccess access) : http_(http), access_(std::move(access)) {}
  Result<JsonValue> get(const std::string& path);
  Result<JsonValue> post(const std::string& path, const std::string& body);

 private:
  Result<JsonValue> ask_each(const std::string& method, const std::string& path, const std::string& body);

  HttpClient& http_;
  const ActuatorAccess access_;
};

// True for an answer of the actuator, false for the lack of one.
bool is_refusal(ErrorCode code);

}  // namespace farshore

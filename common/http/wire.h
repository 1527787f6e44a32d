// The parts of HTTP that are text and rules, without a connection. Pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/http/server.h"

namespace farshore {

ServerReply refusal_reply(const Refusal& refusal);

// The whole answer, head and body.
std::string render_reply(const ServerReply& reply, bool head_only, bool keep_alive);

std::string lower_case(std::string_view text);

// Compares without parameters: "Application/JSON; charset=utf-8" is "application/json".
bool media_type_is(const std::map<std::string, std::string>& headers, const std::string& wanted);

}  // namespace farshore

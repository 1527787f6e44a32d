#include "common/postgres/connection_parameters.h"

#include <arpa/inet.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>

namespace farshore {

bool is_numeric_address(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  // A zone ("fe80::1%eth0") is for getaddrinfo to read, but it asks no name server for it.
  const std::string address = host.substr(0, host.find('%'));
  return inet_pton(AF_INET, address.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, address.c_str(), buffer) == 1;
}

Result<ConnectionParameters> ConnectionParameters::parse(const std::string& conninfo) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(conninfo.c_str(), &message), PQconninfoFree);
  if (!options) {
    std::string why = message != nullptr ? message : "out of memory";
    PQfreemem(message);
    while (why.ends_with('\n')) why.pop_back();
    if (conninfo.find("password") != std::string::npos) why = "details withheld: it holds a password";
    return fail(ErrorCode::kInvalidArgument, "not a connection string: {}", why);
  }
  ConnectionParameters result;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) result.values_[option->keyword] = option->val;
  return result;
}

std::optional<std::string> ConnectionParameters::get(const std::string& keyword) const {
  const auto found = values_.find(keyword);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

void ConnectionParameters::add_setting(const std::string& name, const std::string& value) {
  std::string& options = values_["options"];
  if (!options.empty()) options += ' ';
  options += fmt::format("-c {}={}", name, value);
}

void ConnectionParameters::set_session_defaults(const std::string& application_name,
                                                std::chrono::milliseconds patience) {
  const int64_t whole_seconds = std::max<int64_t>(1, (patience.count() + 999) / 1000);
  set_default("application_name", application_name);
  set_default("gssencmode", "disable");
  set_default("keepalives_idle", std::to_string(whole_seconds));
  set_default("keepalives_interval", std::to_string(whole_seconds));
  set_default("keepalives_count", "2");
  set_default("tcp_user_timeout", std::to_string(patience.count()));
}

std::string ConnectionParameters::name_to_resolve() const {
  if (!get("hostaddr").value_or("").empty()) return "";
  const std::string host = get("host").value_or("");
  const bool is_socket = host.empty() || host.starts_with('/') || host.starts_with('@');
  return is_socket || is_numeric_address(host) ? "" : host;
}

void ConnectionParameters::use_addresses(const std::vector<std::string>& addresses) {
  const std::string name = get("host").value_or("");
  std::string hosts, list;
  for (const std::string& address : addresses) {
    hosts += (hosts.empty() ? "" : ",") + name;
    list += (list.empty() ? "" : ",") + address;
  }
  set("host", hosts);
  set("hostaddr", list);
}

}  // namespace farshore

// The keywords of a libpq connection string, to be changed one by one before a connection is begun.
// Source: PostgreSQL 15 documentation, 34.1.2 "Parameter Key Words". Not thread-safe; cheap to copy.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace farshore {

class ConnectionParameters {
 public:
  // kInvalidArgument when it is no connection string; the message never repeats a password.
  static Result<ConnectionParameters> parse(const std::string& conninfo);

  std::optional<std::string> get(const std::string& keyword) const;
  void set(const std::string& keyword, const std::string& value) { values_[keyword] = value; }
  void set_default(const std::string& keyword, const std::string& value) { values_.emplace(keyword, value); }
  // Adds "-c name=value" to what `options` holds already.
  void add_setting(const std::string& name, const std::string& value);
  // What every session of ours wants, unless the connection string says otherwise: dead peers noticed within
  // `patience`, no Kerberos look-ups (they block).
  void set_session_defaults(const std::string& application_name, std::chrono::milliseconds patience);

  // The host name that must be resolved first, because libpq would block on it; empty for addresses and
  // sockets.
  std::string name_to_resolve() const;
  // Connects to these addresses, in this order, still verifying certificates against the host name.
  void use_addresses(const std::vector<std::string>& addresses);

  const std::map<std::string, std::string>& values() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

bool is_numeric_address(const std::string& host);

}  // namespace farshore

#include "tests/support/powerdns_server.h"

#include <fmt/format.h>

#include <stdexcept>

namespace farshore::test {
namespace {

constexpr const char* kSchema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

}  // namespace

PowerDnsFixture::PowerDnsFixture(PowerDnsOptions options)
    : DnsServerFixture("farshore-pdns"), options_(std::move(options)), api_port_(free_port()) {
  std::string conf =
      "launch=gsqlite3\ngsqlite3-database=" + file("pdns.sqlite3") +
      "\nlocal-address=127.0.0.1\nlocal-port=" + std::to_string(dns_port()) +
      "\napi=yes\napi-key=" + options_.api_key +
      "\nwebserver=yes\nwebserver-address=127.0.0.1\nwebserver-port=" + std::to_string(api_port_) +
      "\nwebserver-allow-from=127.0.0.1\nsocket-dir=" + folder() +
      "\ncache-ttl=0\nnegquery-cache-ttl=0\nquery-cache-ttl=0\n";
  if (options_.update_key) conf += "dnsupdate=yes\nallow-dnsupdate-from=127.0.0.0/8\n";
  for (const std::string& line : options_.settings) conf += line + "\n";
  write_file(file("pdns.conf"), conf);
  sql(std::string(".read ") + kSchema);
  pdnsutil({"create-zone", options_.zone, "ns1." + options_.zone});
  pdnsutil({"set-meta", options_.zone, "SOA-EDIT-API", "INCREASE"});
  for (const auto& record : options_.records) {
    std::vector<std::string> arguments{"add-record", options_.zone};
    arguments.insert(arguments.end(), record.begin(), record.end());
    pdnsutil(arguments);
  }
  if (options_.update_key) take_updates(*options_.update_key);
  start();
}

void PowerDnsFixture::pdnsutil(std::vector<std::string> arguments) {
  std::vector<std::string> argv{"pdnsutil", "--config-dir=" + folder()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const CommandResult result = run_command(argv, as_nobody());
  if (result.exit_code != 0) throw std::runtime_error("pdnsutil: " + result.output);
}

void PowerDnsFixture::sql(const std::string& statements) {
  const CommandResult result = run_command({"sqlite3", file("pdns.sqlite3"), statements}, as_nobody());
  if (result.exit_code != 0) throw std::runtime_error("the PowerDNS database: " + result.output);
}

void PowerDnsFixture::take_updates(const UpdateKey& key) {
  sql(
      fmt::format("INSERT INTO tsigkeys(name, algorithm, secret) VALUES ('{0}', '{1}', '{2}');"
                  "INSERT INTO domainmetadata(domain_id, kind, content) "
                  "SELECT id, 'TSIG-ALLOW-DNSUPDATE', '{0}' FROM domains;"
                  "INSERT INTO domainmetadata(domain_id, kind, content) "
                  "SELECT id, 'SOA-EDIT-DNSUPDATE', 'INCREASE' FROM domains;",
                  key.name, key.algorithm, key.secret));
}

void PowerDnsFixture::allow_writing(bool allowed) {
  sql(allowed ? "DROP TRIGGER full;"
              : "CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, 'full'); END;");
}

void PowerDnsFixture::start() {
  std::vector<std::string> argv = options_.wrapper;
  argv.insert(argv.end(), {"pdns_server", "--config-dir=" + folder(), "--daemon=no", "--guardian=no",
                           "--write-pid=no", "--disable-syslog=yes"});
  const size_t before = log().size();
  process_ = std::make_unique<ChildProcess>(argv, as_nobody());
  // Both listeners: the name server answers before the web server listens, or the other way round.
  const bool ready = wait_until([&] {
    if (!process_->running()) throw std::runtime_error("PowerDNS ended: " + log());
    return answers_for(options_.zone) &&
           log().find("Listening for HTTP requests", before) != std::string::npos;
  });
  if (!ready) throw std::runtime_error("PowerDNS does not answer: " + log());
}

}  // namespace farshore::test

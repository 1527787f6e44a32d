#include "tests/support/powerdns_server.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace farshore::test {
namespace {

constexpr const char* kUser = "nobody";
constexpr const char* kSchema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

}  // namespace

PowerDnsFixture::PowerDnsFixture(PowerDnsOptions options)
    : options_(std::move(options)), dns_port_(free_port()), api_port_(free_port()), folder_("farshore-pdns") {
  std::string conf =
      "launch=gsqlite3\ngsqlite3-database=" + folder_.file("pdns.sqlite3") +
      "\nlocal-address=127.0.0.1\nlocal-port=" + std::to_string(dns_port_) +
      "\napi=yes\napi-key=" + options_.api_key +
      "\nwebserver=yes\nwebserver-address=127.0.0.1\nwebserver-port=" + std::to_string(api_port_) +
      "\nwebserver-allow-from=127.0.0.1\nsocket-dir=" + folder_.path() +
      "\ncache-ttl=0\nnegquery-cache-ttl=0\nquery-cache-ttl=0\n";
  for (const std::string& line : options_.settings) conf += line + "\n";
  write_file(folder_.file("pdns.conf"), conf);
  const CommandResult made =
      run_command({"sqlite3", folder_.file("pdns.sqlite3"), std::string(".read ") + kSchema},
                  {.output_file = folder_.file("log"), .environment = {}, .run_as = kUser});
  if (made.exit_code != 0) throw std::runtime_error("cannot make the PowerDNS database: " + made.output);
  pdnsutil({"create-zone", options_.zone, "ns1." + options_.zone});
  pdnsutil({"set-meta", options_.zone, "SOA-EDIT-API", "INCREASE"});
  for (const auto& record : options_.records) {
    std::vector<std::string> arguments{"add-record", options_.zone};
    arguments.insert(arguments.end(), record.begin(), record.end());
    pdnsutil(arguments);
  }
  start();
}

void PowerDnsFixture::pdnsutil(std::vector<std::string> arguments) {
  std::vector<std::string> argv{"pdnsutil", "--config-dir=" + folder_.path()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const CommandResult result =
      run_command(argv, {.output_file = folder_.file("log"), .environment = {}, .run_as = kUser});
  if (result.exit_code != 0) throw std::runtime_error("pdnsutil: " + result.output);
}

void PowerDnsFixture::start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"pdns_server", "--config-dir=" + folder_.path(), "--daemon=no",
                               "--guardian=no", "--write-pid=no", "--disable-syslog=yes"},
      SpawnOptions{.output_file = folder_.file("log"), .environment = {}, .run_as = kUser});
  // Both listeners: the name server answers before the web server listens, or the other way round.
  const bool ready = wait_until([&] {
    if (!process_->running()) throw std::runtime_error("PowerDNS ended: " + log());
    const std::string dig_server = std::to_string(dns_port_);
    return run_command(
               {"dig", "+time=1", "+tries=1", "+short", "-p", dig_server, "@127.0.0.1", options_.zone, "NS"})
                   .output.find("ns1.") != std::string::npos &&
           log().find("Listening for HTTP requests") != std::string::npos;
  });
  if (!ready) throw std::runtime_error("PowerDNS does not answer: " + log());
}

void PowerDnsFixture::stop() { process_.reset(); }

// SIGSTOP reaches the threads one after the other: one that still runs would answer.
void PowerDnsFixture::freeze() {
  process_->signal(SIGSTOP);
  const std::string tasks = "/proc/" + std::to_string(process_->pid()) + "/task";
  const bool frozen = wait_until([&] {
    return std::ranges::all_of(std::filesystem::directory_iterator(tasks), [](const auto& task) {
      const std::string stat = read_file(task.path().string() + "/stat");
      const size_t name_end = stat.rfind(')');
      return name_end != std::string::npos && stat.substr(name_end).starts_with(") T");
    });
  });
  if (!frozen) throw std::runtime_error("PowerDNS cannot be frozen");
}

void PowerDnsFixture::resume() { process_->signal(SIGCONT); }

}  // namespace farshore::test

#include "tests/support/dns_server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace farshore::test {

// SIGSTOP reaches the threads one after the other: one that still runs would answer.
void DnsServerFixture::freeze() {
  process_->signal(SIGSTOP);
  const std::string tasks = "/proc/" + std::to_string(process_->pid()) + "/task";
  const bool frozen = wait_until([&] {
    return std::ranges::all_of(std::filesystem::directory_iterator(tasks), [](const auto& task) {
      const std::string stat = read_file(task.path().string() + "/stat");
      const size_t name_end = stat.rfind(')');
      return name_end != std::string::npos && stat.substr(name_end).starts_with(") T");
    });
  });
  if (!frozen) throw std::runtime_error("the name server cannot be frozen");
}

void DnsServerFixture::allow_writing(bool allowed) {
  std::filesystem::permissions(folder(), static_cast<std::filesystem::perms>(allowed ? 0777 : 0555));
}

void DnsServerFixture::resume() { process_->signal(SIGCONT); }

bool DnsServerFixture::answers_for(const std::string& zone) const {
  const std::string port = std::to_string(dns_port_);
  return run_command({"dig", "+time=1", "+tries=1", "+short", "-p", port, "@127.0.0.1", zone, "NS"})
             .output.find("ns1.") != std::string::npos;
}

namespace {

std::string zone_text(const DnsServerOptions& options) {
  std::string text = fmt::format(
      "$ORIGIN {0}.\n@ 60 IN SOA ns1.{0}. hostmaster.{0}. 1 3600 600 86400 0\n@ 60 IN NS ns1.{0}.\n"
      "ns1 60 IN A 127.0.0.1\n",
      options.zone);
  for (const std::string& record : options.records) text += record + "\n";
  return text;
}

std::string bind_config(const DnsServerOptions& options, const std::string& folder, int port) {
  std::string grants;
  for (const std::string& name : options.granted)
    grants += fmt::format(" grant {} name {}.{}. A AAAA CNAME TXT;", options.key.name, name, options.zone);
  return fmt::format(
      "options {{ directory \"{0}\"; pid-file \"{0}/named.pid\"; session-keyfile \"{0}/session.key\";\n"
      "  listen-on port {1} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;\n"
      "  dnssec-validation no; notify no; allow-query {{ any; }}; }};\n"
      "controls {{ }};\n"
      "key \"{2}\" {{ algorithm {3}; secret \"{4}\"; }};\n"
      "zone \"{5}\" {{ type primary; file \"zone\"; update-policy {{{6} }}; }};\n",
      folder, port, options.key.name, options.key.algorithm, options.key.secret, options.zone, grants);
}

std::string knot_config(const DnsServerOptions& options, const std::string& folder, int port) {
  return fmt::format(
      "server:\n    rundir: {0}\n    listen: 127.0.0.1@{1}\n    udp-workers: 1\n    tcp-workers: 1\n"
      "    background-workers: 1\n"
      "log:\n  - target: stderr\n    any: info\n"
      "database:\n    storage: {0}\n    journal-db-max-size: 50M\n    kasp-db-max-size: 5M\n"
      "    timer-db-max-size: 5M\n    catalog-db-max-size: 5M\n"
      "key:\n  - id: {2}\n    algorithm: {3}\n    secret: {4}\n"
      "acl:\n  - id: updates\n    key: {2}\n    action: update\n    update-type: [A, AAAA, CNAME, TXT]\n"
      "    update-owner: name\n    update-owner-match: equal\n    update-owner-name: [{5}]\n"
      "zone:\n  - domain: {6}\n    storage: {0}\n    file: zone\n    acl: updates\n",
      folder, port, options.key.name, options.key.algorithm, options.key.secret,
      fmt::join(options.granted, ", "), options.zone);
}

class ConfiguredServer final : public DnsServerFixture {
 public:
  ConfiguredServer(DnsServerKind kind, DnsServerOptions options)
      : DnsServerFixture(kind == DnsServerKind::kBind ? "farshore-named" : "farshore-knotd"),
        options_(std::move(options)),
        argv_(options_.wrapper) {
    const std::string config = file("config");
    if (kind == DnsServerKind::kBind)
      argv_.insert(argv_.end(), {"/usr/sbin/named", "-g", "-n", "1", "-c", config});
    else
      argv_.insert(argv_.end(), {"/usr/sbin/knotd", "-c", config});
    write_file(file("zone"), zone_text(options_));
    write_file(config, kind == DnsServerKind::kBind ? bind_config(options_, folder(), dns_port())
                                                    : knot_config(options_, folder(), dns_port()));
    start();
  }

  void start() override {
    process_ = std::make_unique<ChildProcess>(argv_, as_nobody());
    const bool ready = wait_until([this] {
      if (!process_->running()) throw std::runtime_error("the name server ended: " + log());
      return answers_for(options_.zone);
    });
    if (!ready) throw std::runtime_error("the name server does not answer: " + log());
  }

 private:
  const DnsServerOptions options_;
  std::vector<std::string> argv_;
};

}  // namespace

std::unique_ptr<DnsServerFixture> make_dns_server(DnsServerKind kind, DnsServerOptions options) {
  return std::make_unique<ConfiguredServer>(kind, std::move(options));
}

}  // namespace farshore::test

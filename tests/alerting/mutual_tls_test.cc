// Both programs over mutual TLS, as they are run: a real Prometheus scrapes the exporter, a real Alertmanager
// posts to the actuator, and what must not get in stays out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "common/http/client.h"
#include "tests/exporter/running_exporter.h"
#include "tests/support/certificates.h"

namespace farshore {
namespace {

using test::CertificateAuthority;
using test::ChildProcess;
using test::Issued;
using test::wait_until;
using test::write_file;
using testing::HasSubstr;

constexpr seconds kLimit = 60s;
constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

class MutualTls : public testing::Test {
 protected:
  MutualTls() {
    ca_.issue("server");
    client_ = ca_.issue("client", {"/CN=monitoring", "DNS:monitoring.example"});
    other_ = ca_.issue("other", {"/CN=monitoring", "DNS:other.example"});
    write_config(file("server.pem"));
    write_file(file("token"), std::string(kToken) + "\n", 0600);
    write_file(file("access.yml"),
               fmt::format("principals:\n  - {{name: alertmanager, roles: [webhook, viewer], "
                           "bearer_token_file: {}}}\n",
                           file("token")));
    // Nothing listens there: what the programs say about it is not the matter here.
    write_file(file("farshore.yml"),
               test::topology_yaml({{"shop-us", "host=127.0.0.1 port=9 user=x dbname=postgres"},
                                    {"shop-eu", "host=127.0.0.2 port=9 user=x dbname=postgres"}}));
  }

  std::string file(const std::string& name) const { return ca_.folder().file(name); }

  void write_config(const std::string& certificate) const {
    write_file(file("web.yml"),
               fmt::format("tls_server_config: {{cert_file: {}, key_file: server.key, client_auth_type: "
                           "RequireAndVerifyClientCert, client_ca_file: ca.pem, client_allowed_sans: "
                           "[monitoring.example]}}\n",
                           certificate));
  }

  std::unique_ptr<ChildProcess> run(std::vector<std::string> argv, const std::string& log) const {
    return std::make_unique<ChildProcess>(
        std::move(argv), test::SpawnOptions{.output_file = file(log), .environment = {}, .run_as = ""});
  }
  std::unique_ptr<ChildProcess> start_exporter() const {
    auto exporter = run({FARSHORE_EXPORTER, "--config.file", file("farshore.yml"), "--vantage", "eu-west",
                         "--web.listen-address", address(), "--web.config.file", file("web.yml"),
                         "--web.telemetry-path", "/farshore/metrics"},
                        "exporter.log");
    if (!exporter->wait_for_output("msg=started")) throw std::runtime_error(exporter->output());
    return exporter;
  }

  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
  test::CommandResult curl(const Issued& who, const std::string& path, const std::string& token = "") const {
    std::vector<std::string> words = {"curl",
                                      "-sSi",
                                      "--max-time",
                                      "10",
                                      "--cacert",
                                      ca_.certificate(),
                                      "--cert",
                                      who.certificate,
                                      "--key",
                                      who.key,
                                      "https://" + address() + path};
    if (!token.empty()) words.insert(words.end(), {"-H", "Authorization: Bearer " + token});
    return test::run_command(std::move(words));
  }
  std::string client_tls() const {
    return fmt::format("tls_config: {{ca_file: {}, cert_file: {}, key_file: {}}}", ca_.certificate(),
                       client_.certificate, client_.key);
  }

  CertificateAuthority ca_;
  Issued client_, other_;
  const int port_ = test::free_port();
};

TEST_F(MutualTls, ARealPrometheusScrapesTheExporter) {
  const auto exporter = start_exporter();
  const int port = test::free_port();
  write_file(file("prometheus.yml"),
             fmt::format("scrape_configs:\n  - {{job_name: farshore, scheme: https, metrics_path: "
                         "/farshore/metrics, scrape_interval: 1s, scrape_timeout: 1s, {}, static_configs: "
                         "[{{targets: ['{}']}}]}}\n",
                         client_tls(), address()));
  const auto prometheus =
      run({"prometheus", "--config.file=" + file("prometheus.yml"), "--storage.tsdb.path=" + file("data"),
           fmt::format("--web.listen-address=127.0.0.1:{}", port)},
          "prometheus.log");
  const auto client = make_curl_client();
  HttpRequest query;
  query.url = fmt::format("http://127.0.0.1:{}/api/v1/query?query=farshore_pg_up", port);
  std::string last;
  EXPECT_TRUE(wait_until(
      [&] {
        const auto answer = client->send(query);
        last = answer ? answer->body : answer.error().message;
        return last.find("\"server\":\"shop-us\"") != std::string::npos;
      },
      kLimit))
      << last << prometheus->output() << exporter->output();
}

TEST_F(MutualTls, ARealAlertmanagerPostsToTheActuator) {
  const auto actuator = run({FARSHORE_ACTUATOR, "--config.file", file("farshore.yml"), "--web.listen-address",
                             address(), "--web.config.file", file("web.yml"), "--web.access-file",
                             file("access.yml"), "--storage.path", file("storage")},
                            "actuator.log");
  ASSERT_TRUE(actuator->wait_for_output("msg=started")) << actuator->output();
  const int port = test::free_port();
  write_file(
      file("alertmanager.yml"),
      fmt::format("route: {{receiver: farshore, group_wait: 0s, group_interval: 1s}}\nreceivers:\n  - name: "
                  "farshore\n    webhook_configs: [{{url: 'https://{}/api/v1/alerts', http_config: "
                  "{{authorization: {{credentials_file: {}}}, {}}}}}]\n",
                  address(), file("token"), client_tls()));
  const auto alertmanager = run(
      {"prometheus-alertmanager", "--config.file=" + file("alertmanager.yml"), "--storage.path=" + file("am"),
       fmt::format("--web.listen-address=127.0.0.1:{}", port), "--cluster.listen-address="},
      "alertmanager.log");
  const auto client = make_curl_client();
  HttpRequest alert;
  alert.method = "POST";
  alert.url = fmt::format("http://127.0.0.1:{}/api/v2/alerts", port);
  alert.headers["Content-Type"] = "application/json";
  alert.body =
      R"([{"labels": {"alertname": "FarshoreWatchdog", "severity": "none", "farshore_action": "watchdog"}}])";
  ASSERT_TRUE(wait_until(
      [&] {
        const auto answer = client->send(alert);
        return answer && answer->status == 200;
      },
      kLimit))
      << alertmanager->output();
  std::string page;
  EXPECT_TRUE(wait_until(
      [&] {
        page = curl(client_, "/metrics", kToken).output;
        return page.find("\nfarshore_trigger_path_last_seen_timestamp_seconds") != std::string::npos;
      },
      kLimit))
      << page << alertmanager->output() << actuator->output();
}

TEST_F(MutualTls, ACertificateOrATokenAloneOpensNothing) {
  const auto actuator = run({FARSHORE_ACTUATOR, "--config.file", file("farshore.yml"), "--web.listen-address",
                             address(), "--web.config.file", file("web.yml"), "--web.access-file",
                             file("access.yml"), "--storage.path", file("storage")},
                            "actuator.log");
  ASSERT_TRUE(actuator->wait_for_output("msg=started")) << actuator->output();
  EXPECT_THAT(curl(client_, "/api/v1/status", kToken).output, HasSubstr("HTTP/2 200"));
  EXPECT_THAT(curl(client_, "/api/v1/status").output, HasSubstr("HTTP/2 401"));
  EXPECT_THAT(curl(other_, "/api/v1/status", kToken).output, HasSubstr("HTTP/2 403"));
}

TEST_F(MutualTls, TheExporterLeavesNoFrontBehindWhenItIsKilled) {
  const auto exporter = start_exporter();
  const auto found = test::run_command({"pgrep", "-x", "-P", std::to_string(exporter->pid()), "haproxy"});
  ASSERT_EQ(found.exit_code, 0) << "there is a front to be left behind";
  const pid_t front = std::stoi(found.output);
  exporter->stop(SIGKILL);
  EXPECT_TRUE(wait_until([&] {
    const std::string state = test::read_file(fmt::format("/proc/{}/stat", front));
    return state.empty() || state.find(") Z") != std::string::npos;
  }));
  EXPECT_NE(curl(client_, "/-/healthy").exit_code, 0);
}

TEST_F(MutualTls, TheExporterReadsItsCertificateAgainOnSighup) {
  const auto exporter = start_exporter();
  const auto serial = [this] {
    return test::run_command(
               {"sh", "-c",
                fmt::format("openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 "
                            "-noout -serial",
                            address())})
        .output;
  };
  const std::string before = serial();
  ASSERT_THAT(before, HasSubstr("serial="));
  write_config("nothing-there.pem");
  exporter->signal(SIGHUP);
  ASSERT_TRUE(exporter->wait_for_output("nothing-there.pem cannot be read"));
  EXPECT_EQ(serial(), before);
  ca_.issue("server");
  write_config("server.pem");
  exporter->signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return serial() != before && serial().find("serial=") == 0; }))
      << exporter->output();
}

}  // namespace
}  // namespace farshore

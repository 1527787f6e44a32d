// A WebServer behind a real HAProxy, and curl as its client.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "common/web/web_server.h"
#include "tests/support/certificates.h"

namespace farshore::test {

class FrontTest : public testing::Test {
 protected:
  // `tls` is what stands beside certificate and key in tls_server_config.
  std::string write_config(const std::string& tls = "", const std::string& rest = "") const {
    write_file(config_file(), "tls_server_config: {cert_file: server.pem, key_file: server.key" +
                                  (tls.empty() ? "" : ", " + tls) + "}\n" + rest);
    return config_file();
  }
  std::string config_file() const { return ca_.folder().file("web.yml"); }
  static std::string mutual() {
    return "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem";
  }

  void start(const std::string& config, std::vector<std::string> addresses = {"127.0.0.1:0"}) {
    auto server = try_start(config, std::move(addresses));
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }

  Result<std::unique_ptr<WebServer>> try_start(const std::string& config, std::vector<std::string> addresses,
                                               const std::string& haproxy = "") {
    const auto tell = [this](const ServerRequest& request) {
      std::string names;
      for (const auto& [name, value] : request.headers) names += name + " ";
      ++handled_;
      if (on_request_) on_request_();
      return ServerReply{200,
                         "text/plain",
                         fmt::format("subject={}\nfrom={}\nheaders={}\nbody={}\n", request.client_subject,
                                     request.remote_address, names, request.body),
                         {}};
    };
    return WebServer::start({std::move(addresses), config, haproxy}, PasswordSource::kWebConfig, {},
                            {{"GET", "/", tell, {}, 0, ""}, {"POST", "/", tell, {}, 1 << 20, ""}});
  }

  // What curl says: the answer with its head, and its own exit code.
  CommandResult curl(std::vector<std::string> more = {}, const std::string& host = "127.0.0.1") const {
    std::vector<std::string> words = {"curl", "-sSi", "--max-time", "10", "--cacert", ca_.certificate()};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(fmt::format("https://{}:{}/", host, server_->port()));
    return run_command(std::move(words));
  }
  static std::vector<std::string> showing(const Issued& issued) {
    return {"--cert", issued.certificate, "--key", issued.key};
  }

  CertificateAuthority ca_;
  const Issued certificate_ = ca_.issue("server");
  std::atomic<int> handled_ = 0;
  std::function<void()> on_request_;  // on a worker of the server; set before start()
  std::unique_ptr<WebServer> server_;
};

}  // namespace farshore::test

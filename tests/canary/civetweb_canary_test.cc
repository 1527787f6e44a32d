// civetweb answers a handler's path for everything below it too, and only a trailing `$` makes it exact.
// common/http relies on that and on where the path is normalised.
#include <arpa/inet.h>
#include <civetweb.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace farshore {
namespace {

int answer_200(mg_connection* connection, void*) {
  mg_printf(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  return 200;
}

class CivetwebCanary : public testing::Test {
 protected:
  void SetUp() override {
    mg_init_library(0);
    const char* options[] = {"listening_ports", "127.0.0.1:0", "num_threads", "2", nullptr};
    mg_callbacks callbacks{};
    server_ = mg_start(&callbacks, nullptr, options);
    ASSERT_NE(server_, nullptr);
    mg_server_port port[1];
    ASSERT_EQ(mg_get_server_ports(server_, 1, port), 1);
    port_ = static_cast<uint16_t>(port[0].port);
  }

  void TearDown() override {
    if (server_ != nullptr) mg_stop(server_);
    mg_exit_library();
  }

  // The status line's code, or 0.
  int get(const std::string& path) const {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int status = 0;
    if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      EXPECT_EQ(send(socket, request.data(), request.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(request.size()));
      char buffer[256] = {};
      if (recv(socket, buffer, sizeof buffer - 1, 0) > 12) status = std::atoi(buffer + 9);
    }
    close(socket);
    return status;
  }

  mg_context* server_ = nullptr;
  uint16_t port_ = 0;
};

TEST_F(CivetwebCanary, APlainPathAlsoAnswersForEverythingBelowIt) {
  mg_set_request_handler(server_, "/metrics", answer_200, nullptr);
  EXPECT_EQ(get("/metrics"), 200);
  EXPECT_EQ(get("/metrics/secret"), 200);
}

TEST_F(CivetwebCanary, ATrailingDollarMakesThePathExact) {
  mg_set_request_handler(server_, "/metrics$", answer_200, nullptr);
  EXPECT_EQ(get("/metrics"), 200);
  EXPECT_EQ(get("/metrics?x=1"), 200);
  EXPECT_EQ(get("/metrics/"), 404);
  EXPECT_EQ(get("/metrics/secret"), 404);
  EXPECT_EQ(get("/metrics2"), 404);
}

TEST_F(CivetwebCanary, DotsAndDoubledSlashesAreTakenOutBeforeThePathIsCompared) {
  mg_set_request_handler(server_, "/metrics$", answer_200, nullptr);
  EXPECT_EQ(get("//metrics"), 200);
  EXPECT_EQ(get("/x/../metrics"), 200);
}

TEST_F(CivetwebCanary, PortZeroGivesAFreePortThatCanBeAsked) { EXPECT_GT(port_, 0); }

}  // namespace
}  // namespace farshore

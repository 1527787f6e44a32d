// The observer asks many servers from one loop, so no call of libpq may wait for the other side.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace farshore {
namespace {

// Takes connections (the kernel does, up to the backlog) and never says a word: a frozen server.
class SilentListener {
 public:
  SilentListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { close(); }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // `host` is a name that no resolver knows: with hostaddr it must not be looked up.
  std::string conninfo() const {
    return "host=nowhere.invalid hostaddr=127.0.0.1 dbname=x user=x sslmode=disable gssencmode=disable "
           "port=" +
           std::to_string(port_);
  }

 private:
  int socket_;
  uint16_t port_ = 0;
};

bool wait_for(PGconn* connection, short events) {
  pollfd entry{.fd = PQsocket(connection), .events = events, .revents = 0};
  return poll(&entry, 1, 10000) == 1;
}

TEST(LibpqCanary, AFrozenServerLeavesTheConnectWaitingToReadWithoutBlockingUs) {
  const SilentListener server;
  PGconn* connection = PQconnectStart(server.conninfo().c_str());
  ASSERT_NE(connection, nullptr);
  ASSERT_TRUE(wait_for(connection, POLLOUT));
  // If the call waited for the server's answer, it would never come back.
  PostgresPollingStatusType status = PQconnectPoll(connection);
  for (int i = 0; i < 10 && status == PGRES_POLLING_WRITING && wait_for(connection, POLLOUT); ++i)
    status = PQconnectPoll(connection);
  EXPECT_EQ(status, PGRES_POLLING_READING) << PQerrorMessage(connection);
  PQfinish(connection);
}

TEST(LibpqCanary, WithHostaddrNoNameIsLookedUpAndARefusalComesAsAValue) {
  SilentListener server;
  const std::string conninfo = server.conninfo();
  server.close();
  PGconn* connection = PQconnectStart(conninfo.c_str());
  ASSERT_NE(connection, nullptr);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  for (int i = 0; i < 10 && status == PGRES_POLLING_WRITING && PQstatus(connection) != CONNECTION_BAD; ++i) {
    ASSERT_TRUE(wait_for(connection, POLLOUT));
    status = PQconnectPoll(connection);
  }
  EXPECT_EQ(PQstatus(connection), CONNECTION_BAD);
  EXPECT_NE(std::string(PQerrorMessage(connection)).find("Connection refused"), std::string::npos)
      << PQerrorMessage(connection);
  PQfinish(connection);
}

}  // namespace
}  // namespace farshore

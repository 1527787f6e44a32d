#include "common/dns/resolver.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/dns/host_lookup.h"
#include "common/dns/message.h"

namespace farshore {
namespace {

using dns::Address;
using dns::Bytes;
using dns::Query;
using dns::Reply;

// A datagram may be lost: asked again after this long with no answer.
constexpr nanoseconds kResendAfter = 250ms;

class Socket {
 public:
  Socket(const Address& address, int type)
      : fd_(socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

class SystemResolver final : public DnsResolver {
 public:
  SystemResolver(Clock& clock, const std::stop_token& stop)
      : clock_(clock), stop_(stop), lookup_(clock, stop) {}

  Result<DnsAnswer> ask(const std::string& nameserver, const std::string& name, const std::string& type,
                        BootTime deadline) override {
    const Result<Query> query = dns::make_query(name, type);
    if (!query) return tl::unexpected(query.error());
    const Result<Address> address = lookup_.find(nameserver, deadline);
    if (!address) return tl::unexpected(address.error());
    Result<Reply> reply = ask_udp(*address, *query, deadline);
    if (reply && reply->truncated) reply = ask_tcp(*address, *query, deadline);
    if (!reply) return wrap(nameserver, reply.error());
    if (reply->truncated)
      return fail(ErrorCode::kUnavailable, "{}: the answer is truncated even over TCP", nameserver);
    return reply->answer;
  }

 private:
  // True when ready; false at `until` and when told to stop.
  bool wait(int fd, short events, BootTime until) {
    while (true) {
      const nanoseconds left = until - clock_.boot_now();
      if (left <= 0ns || stop_.stop_requested()) return false;
      pollfd entry{fd, events, 0};
      const auto limit = std::chrono::ceil<milliseconds>(std::min<nanoseconds>(left, 200ms));
      if (poll(&entry, 1, static_cast<int>(limit.count())) > 0) return true;
    }
  }

  static tl::unexpected<Error> no_answer() { return fail(ErrorCode::kTimeout, "no answer in time"); }
  static tl::unexpected<Error> failed(const char* what) {
    return fail(ErrorCode::kUnavailable, "{}: {}", what, strerror(errno));
  }

  Result<Reply> ask_udp(const Address& address, const Query& query, BootTime deadline) {
    const Socket socket(address, SOCK_DGRAM);
    // Connected, so that only its answers arrive and a closed port is told at once.
    if (socket.fd() < 0 ||
        connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0)
      return failed("UDP");
    while (clock_.boot_now() < deadline && !stop_.stop_requested()) {
      if (send(socket.fd(), query.wire.data(), query.wire.size(), 0) < 0) return failed("UDP");
      const BootTime until = std::min(deadline, clock_.boot_now() + kResendAfter);
      while (wait(socket.fd(), POLLIN, until)) {
        Bytes wire(65535);
        const ssize_t count = recv(socket.fd(), wire.data(), wire.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0) return failed("UDP");
        wire.resize(static_cast<size_t>(count));
        if (auto reply = dns::read_reply(query, wire)) return *std::move(reply);
      }
    }
    return no_answer();
  }

  Result<Reply> ask_tcp(const Address& address, const Query& query, BootTime deadline) {
    const Socket socket(address, SOCK_STREAM);
    if (socket.fd() < 0) return failed("TCP");
    if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
        errno != EINPROGRESS)
      return failed("TCP");
    const auto size = static_cast<uint16_t>(query.wire.size());
    Bytes framed{static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size & 0xff)};
    framed.insert(framed.end(), query.wire.begin(), query.wire.end());
    if (Status sent = send_all(socket.fd(), framed, deadline); !sent) return tl::unexpected(sent.error());
    const Result<Bytes> length = receive(socket.fd(), 2, deadline);
    if (!length) return tl::unexpected(length.error());
    const Result<Bytes> wire = receive(socket.fd(), size_t{(*length)[0]} << 8 | (*length)[1], deadline);
    if (!wire) return tl::unexpected(wire.error());
    if (auto reply = dns::read_reply(query, *wire)) return *std::move(reply);
    return fail(ErrorCode::kUnavailable, "TCP: the answer is not to this question");
  }

  Status send_all(int fd, const Bytes& bytes, BootTime deadline) {
    size_t done = 0;
    while (done < bytes.size()) {
      if (!wait(fd, POLLOUT, deadline)) return no_answer();
      const ssize_t count = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN && errno != EINTR) return failed("TCP");
      if (count > 0) done += static_cast<size_t>(count);
    }
    return {};
  }

  Result<Bytes> receive(int fd, size_t size, BootTime deadline) {
    Bytes bytes(size);
    size_t done = 0;
    while (done < size) {
      if (!wait(fd, POLLIN, deadline)) return no_answer();
      const ssize_t count = recv(fd, bytes.data() + done, size - done, 0);
      if (count == 0) return fail(ErrorCode::kUnavailable, "TCP: closed before the answer was whole");
      if (count < 0 && errno != EAGAIN && errno != EINTR) return failed("TCP");
      if (count > 0) done += static_cast<size_t>(count);
    }
    return bytes;
  }

  Clock& clock_;
  const std::stop_token stop_;
  dns::HostLookup lookup_;
};

}  // namespace

std::string rcode_name(int rcode) {
  switch (rcode) {
    case 0:
      return "NOERROR";
    case 1:
      return "FORMERR";
    case 2:
      return "SERVFAIL";
    case 3:
      return "NXDOMAIN";
    case 4:
      return "NOTIMP";
    case 5:
      return "REFUSED";
    case 9:
      return "NOTAUTH";
    default:
      return fmt::format("rcode {}", rcode);
  }
}

std::unique_ptr<DnsResolver> make_dns_resolver(Clock& clock, std::stop_token stop) {
  return std::make_unique<SystemResolver>(clock, stop);
}

}  // namespace farshore

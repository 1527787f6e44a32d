#include "common/dns/transport.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/descriptor.h"

namespace farshore::dns {
namespace {

// A datagram may be lost: asked again after this long with no answer.
constexpr nanoseconds kResendAfter = 250ms;

Descriptor make_socket(const Address& address, int type) {
  return Descriptor(socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int connect_to(const Descriptor& fd, const Address& address) {
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size);
}

tl::unexpected<Error> no_answer() { return fail(ErrorCode::kTimeout, "no answer in time"); }
tl::unexpected<Error> failed(const char* what) {
  return fail(ErrorCode::kUnavailable, "{}: {}", what, strerror(errno));
}

}  // namespace

// True when ready; false at `until` and when told to stop.
bool Transport::wait(int fd, short events, BootTime until) const {
  while (true) {
    const nanoseconds left = until - clock_.boot_now();
    if (left <= 0ns || stop_.stop_requested()) return false;
    pollfd entry{fd, events, 0};
    const auto limit = std::chrono::ceil<milliseconds>(std::min<nanoseconds>(left, 200ms));
    if (poll(&entry, 1, static_cast<int>(limit.count())) > 0) return true;
  }
}

Status Transport::ask_udp(const Address& address, const Bytes& request,
                          const std::function<bool(const Bytes&)>& is_reply, BootTime deadline) const {
  const Descriptor fd = make_socket(address, SOCK_DGRAM);
  // Connected, so that only its answers arrive and a closed port is told at once.
  if (!fd.open() || connect_to(fd, address) != 0) return failed("UDP");
  while (clock_.boot_now() < deadline && !stop_.stop_requested()) {
    if (send(fd.get(), request.data(), request.size(), 0) < 0) return failed("UDP");
    const BootTime until = std::min(deadline, clock_.boot_now() + kResendAfter);
    while (wait(fd.get(), POLLIN, until)) {
      Bytes wire(65535);
      const ssize_t count = recv(fd.get(), wire.data(), wire.size(), 0);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return failed("UDP");
      wire.resize(static_cast<size_t>(count));
      if (is_reply(wire)) return {};
    }
  }
  return no_answer();
}

Result<Bytes> Transport::exchange_tcp(const Address& address, const Bytes& request, BootTime deadline,
                                      bool* sent) const {
  if (request.size() > 0xffff) return fail(ErrorCode::kInvalidArgument, "TCP: the message is too large");
  const Descriptor fd = make_socket(address, SOCK_STREAM);
  if (!fd.open() || (connect_to(fd, address) != 0 && errno != EINPROGRESS)) return failed("TCP");
  Bytes framed(request.size() + 2);
  framed[0] = static_cast<uint8_t>(request.size() >> 8);
  framed[1] = static_cast<uint8_t>(request.size() & 0xff);
  std::copy(request.begin(), request.end(), framed.begin() + 2);
  if (const Status out = send_all(fd.get(), framed, deadline); !out) return tl::unexpected(out.error());
  if (sent != nullptr) *sent = true;
  return receive_message(fd.get(), deadline);
}

Status Transport::send_all(int fd, const Bytes& bytes, BootTime deadline) const {
  size_t done = 0;
  while (done < bytes.size()) {
    if (!wait(fd, POLLOUT, deadline)) return no_answer();
    const ssize_t count = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return failed("TCP");
    if (count > 0) done += static_cast<size_t>(count);
  }
  return {};
}

Result<Bytes> Transport::receive_message(int fd, BootTime deadline) const {
  Result<Bytes> length = receive(fd, 2, deadline);
  if (!length) return length;
  return receive(fd, size_t{(*length)[0]} << 8 | (*length)[1], deadline);
}

Result<Bytes> Transport::receive(int fd, size_t size, BootTime deadline) const {
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

}  // namespace farshore::dns

#include "common/dns/question.h"

namespace farshore::dns {
namespace {

Result<Reply> ask_udp(const Transport& transport, const Address& address, const Query& query,
                      BootTime deadline) {
  std::optional<Reply> reply;
  const auto is_reply = [&](const Bytes& wire) {
    reply = read_reply(query, wire);
    return reply.has_value();
  };
  const Status asked = transport.ask_udp(address, query.wire, is_reply, deadline);
  if (!asked) return tl::unexpected(asked.error());
  return *std::move(reply);
}

Result<Reply> ask_tcp(const Transport& transport, const Address& address, const Query& query,
                      BootTime deadline) {
  const Result<Bytes> wire = transport.exchange_tcp(address, query.wire, deadline);
  if (!wire) return tl::unexpected(wire.error());
  if (auto reply = read_reply(query, *wire)) return *std::move(reply);
  return fail(ErrorCode::kUnavailable, "TCP: the answer is not to this question");
}

}  // namespace

Result<DnsAnswer> ask(const Transport& transport, const Address& address, const Query& query,
                      BootTime deadline) {
  Result<Reply> reply = ask_udp(transport, address, query, deadline);
  if (reply && reply->truncated) reply = ask_tcp(transport, address, query, deadline);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->truncated) return fail(ErrorCode::kUnavailable, "the answer is truncated even over TCP");
  return std::move(reply->answer);
}

}  // namespace farshore::dns

#include "common/dns/resolver.h"

#include "common/dns/host_lookup.h"
#include "common/dns/message.h"
#include "common/dns/transport.h"

namespace farshore {
namespace {

using dns::Address;
using dns::Bytes;
using dns::Query;
using dns::Reply;

class SystemResolver final : public DnsResolver {
 public:
  SystemResolver(Clock& clock, const std::stop_token& stop) : lookup_(clock, stop), transport_(clock, stop) {}

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
  Result<Reply> ask_udp(const Address& address, const Query& query, BootTime deadline) {
    std::optional<Reply> reply;
    const auto is_reply = [&](const Bytes& wire) {
      reply = dns::read_reply(query, wire);
      return reply.has_value();
    };
    const Status asked = transport_.ask_udp(address, query.wire, is_reply, deadline);
    if (!asked) return tl::unexpected(asked.error());
    return *std::move(reply);
  }

  Result<Reply> ask_tcp(const Address& address, const Query& query, BootTime deadline) {
    const Result<Bytes> wire = transport_.exchange_tcp(address, query.wire, deadline);
    if (!wire) return tl::unexpected(wire.error());
    if (auto reply = dns::read_reply(query, *wire)) return *std::move(reply);
    return fail(ErrorCode::kUnavailable, "TCP: the answer is not to this question");
  }

  dns::HostLookup lookup_;
  const dns::Transport transport_;
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
    case 6:
      return "YXDOMAIN";
    case 7:
      return "YXRRSET";
    case 8:
      return "NXRRSET";
    case 9:
      return "NOTAUTH";
    case 10:
      return "NOTZONE";
    default:
      return fmt::format("rcode {}", rcode);
  }
}

std::unique_ptr<DnsResolver> make_dns_resolver(Clock& clock, std::stop_token stop) {
  return std::make_unique<SystemResolver>(clock, stop);
}

}  // namespace farshore

#include "common/dns/updater.h"

#include <array>

#include "common/dns/host_lookup.h"
#include "common/dns/message.h"
#include "common/dns/resolver.h"
#include "common/dns/transport.h"

namespace farshore {
namespace {

constexpr int kNoError = 0, kRefused = 5, kNotAuth = 9;

struct Word {
  int code;
  ErrorCode meaning;
  std::string_view text;
};

// RFC 2136 section 2.2.
constexpr std::array kRcodes{
    Word{1, ErrorCode::kInvalidArgument, "FORMERR: the server does not understand the update"},
    Word{2, ErrorCode::kUnknown,
         "SERVFAIL: the server failed on the update, which may have been carried out"},
    Word{3, ErrorCode::kConflict, "NXDOMAIN: a name that must be there is not"},
    Word{4, ErrorCode::kInvalidArgument,
         "NOTIMP: the server takes no updates; give the primary of the zone, which its SOA names"},
    Word{5, ErrorCode::kPermission,
         "REFUSED: the server's policy does not grant this update to the key from here"},
    Word{6, ErrorCode::kConflict, "YXDOMAIN: a name that must not be there is"},
    Word{7, ErrorCode::kConflict, "YXRRSET: a record that must not be there is"},
    Word{8, ErrorCode::kConflict, "NXRRSET: the zone holds something else than was seen"},
    Word{10, ErrorCode::kInvalidArgument, "NOTZONE: the record does not lie in the zone"},
};

// RFC 8945 section 3; the rcode is NOTAUTH.
constexpr std::array kTsigErrors{
    Word{16, ErrorCode::kPermission, "BADSIG: the secret is not the one that the server has for the key"},
    Word{17, ErrorCode::kPermission, "BADKEY: the server does not know the key by its name and algorithm"},
    Word{18, ErrorCode::kUnavailable,
         "BADTIME: the clocks of this host and of the server differ by more than 300 s"},
    Word{22, ErrorCode::kPermission, "BADTRUNC: the server wants a longer signature"},
};

template <size_t N>
Status say(const std::array<Word, N>& words, int code, const std::string& otherwise) {
  for (const Word& word : words)
    if (word.code == code) return fail(word.meaning, "{}", word.text);
  return fail(ErrorCode::kUnknown, "{}", otherwise);
}

class SocketUpdater final : public DnsUpdater {
 public:
  SocketUpdater(Clock& clock, const std::stop_token& stop) : lookup_(clock, stop), transport_(clock, stop) {}

  Result<UpdateAnswer> send(const std::string& server, const DnsUpdate& update, const TsigKey& key,
                            BootTime deadline) override {
    const Result<dns::SignedUpdate> request = dns::make_update(update, key);
    if (!request) return tl::unexpected(request.error());
    const Result<dns::Address> address = lookup_.find(server, deadline);
    if (!address) return tl::unexpected(address.error());
    bool sent = false;
    const Result<dns::Bytes> wire = transport_.exchange_tcp(*address, request->wire, deadline, &sent);
    if (!wire) {
      const ErrorCode code = sent ? ErrorCode::kUnknown : wire.error().code;
      return wrap(server, {code, wire.error().message});
    }
    if (const auto answer = dns::read_update_reply(*request, key, *wire)) return *answer;
    return fail(ErrorCode::kUnknown, "{}: the answer is not to this update", server);
  }

 private:
  dns::HostLookup lookup_;
  const dns::Transport transport_;
};

}  // namespace

Status judge_update(const UpdateAnswer& answer) {
  if (answer.rcode == kNoError && answer.verified) return {};
  if (answer.rcode == kNoError)
    return fail(ErrorCode::kUnknown, "the server says yes, but the answer is not signed with the key");
  // PowerDNS says no more than this of a signature that it does not take.
  if (!answer.verified && answer.rcode == kRefused)
    return fail(ErrorCode::kPermission,
                "REFUSED: the server's policy grants nothing to the key from here, or it does not take the "
                "key, its secret or the clock");
  if (answer.rcode != kNotAuth)
    return say(kRcodes, answer.rcode, "the server answers " + rcode_name(answer.rcode));
  if (answer.tsig_error != 0)
    return say(kTsigErrors, answer.tsig_error, fmt::format("NOTAUTH with TSIG error {}", answer.tsig_error));
  if (!answer.verified)
    return fail(
        ErrorCode::kPermission,
        "NOTAUTH: the server does not have the zone, or does not take the key, its secret or the clock");
  return fail(ErrorCode::kNotFound, "NOTAUTH: the server is not the primary of the zone");
}

std::unique_ptr<DnsUpdater> make_dns_updater(Clock& clock, std::stop_token stop) {
  return std::make_unique<SocketUpdater>(clock, stop);
}

}  // namespace farshore

#include "common/dns/resolver.h"

#include "common/dns/host_lookup.h"
#include "common/dns/nameserver_search.h"
#include "common/dns/question.h"

namespace farshore {
namespace {

class SystemResolver final : public DnsResolver {
 public:
  SystemResolver(Clock& clock, const std::stop_token& stop, ResolverSettings settings)
      : lookup_(clock, stop), transport_(clock, stop), search_(clock, stop, std::move(settings)) {}

  Result<DnsAnswer> ask(const std::string& nameserver, const std::string& name, const std::string& type,
                        BootTime deadline) override {
    const Result<dns::Query> query = dns::make_query(name, type);
    if (!query) return tl::unexpected(query.error());
    const Result<dns::Address> address = lookup_.find(nameserver, deadline);
    if (!address) return tl::unexpected(address.error());
    Result<DnsAnswer> answer = dns::ask(transport_, *address, *query, deadline);
    if (!answer) return wrap(nameserver, answer.error());
    return answer;
  }

  Result<std::vector<std::string>> nameservers_of(const std::string& name, BootTime deadline) override {
    return search_.find(name, deadline);
  }

 private:
  dns::HostLookup lookup_;
  const dns::Transport transport_;
  dns::NameserverSearch search_;
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
  return make_dns_resolver_with({}, clock, std::move(stop));
}

std::unique_ptr<DnsResolver> make_dns_resolver_with(ResolverSettings settings, Clock& clock,
                                                    std::stop_token stop) {
  return std::make_unique<SystemResolver>(clock, stop, std::move(settings));
}

}  // namespace farshore

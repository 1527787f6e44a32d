#include "common/dns/nameserver_search.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/dns/question.h"

namespace farshore::dns {
namespace {

constexpr int kNoError = 0, kNxdomain = 3;
constexpr size_t kMostResolvers = 3;  // resolv.conf(5): MAXNS
constexpr nanoseconds kRefreshLimit = 10s;

std::string with_port(const std::string& host, uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

// "a.b.example.com." -> "b.example.com."; empty above the last two labels: nobody moves a top-level domain.
std::string parent_of(const std::string& name) {
  const std::string parent = name.substr(name.find('.') + 1);
  return std::count(parent.begin(), parent.end(), '.') >= 2 ? parent : std::string();
}

}  // namespace

std::vector<std::string> read_resolv_conf(const std::string& text, uint16_t port) {
  std::vector<std::string> resolvers;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && resolvers.size() < kMostResolvers;) {
    std::istringstream words(line);
    std::string key, address;
    if (words >> key >> address && key == "nameserver") resolvers.push_back(with_port(address, port));
  }
  if (resolvers.empty()) resolvers.push_back(with_port("127.0.0.1", port));
  return resolvers;
}

NameserverSearch::NameserverSearch(Clock& clock, std::stop_token stop, ResolverSettings settings)
    : clock_(clock),
      settings_(std::move(settings)),
      told_to_stop_(std::move(stop), [this] { stopping_.request_stop(); }),
      lookup_(clock, stopping_.get_token()),
      transport_(clock, stopping_.get_token()) {}

NameserverSearch::~NameserverSearch() { stopping_.request_stop(); }

Result<std::vector<std::string>> NameserverSearch::find(const std::string& name, BootTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = found_.find(name); known != found_.end()) {
      if (clock_.boot_now() - known->second.at > kFreshFor) refresh(name);
      return known->second.servers;
    }
  }
  Result<std::vector<std::string>> servers = search(name, deadline);
  if (servers) remember(name, *servers);
  return servers;
}

void NameserverSearch::remember(const std::string& name, std::vector<std::string> servers) {
  const std::lock_guard lock(mutex_);
  found_.insert_or_assign(name, Found{std::move(servers), clock_.boot_now()});
}

// With the mutex held. One at a time: the others' turn comes with a later question.
void NameserverSearch::refresh(const std::string& name) {
  if (refreshing_ || stopping_.stop_requested()) return;
  try {
    refresher_ = std::jthread([this, name] {
      auto servers = search(name, clock_.boot_now() + kRefreshLimit);
      const std::lock_guard lock(mutex_);
      Found& found = found_[name];
      found.at = clock_.boot_now();  // of one that failed too: not asked again at once
      if (servers) found.servers = *std::move(servers);
      refreshing_ = false;
    });
    refreshing_ = true;
  } catch (const std::system_error&) {
    return;  // what is known goes on being given
  }
}

Result<std::vector<std::string>> NameserverSearch::search(const std::string& name, BootTime deadline) {
  const Result<Query> query = make_query(name, "NS");
  if (!query) return tl::unexpected(query.error());
  std::vector<std::string> asked = resolvers();
  for (std::string at = query->name; !at.empty(); at = parent_of(at)) {
    Result<std::vector<std::string>> servers = ask_all(asked, at, deadline);
    if (!servers || !servers->empty()) return servers;
  }
  return fail(ErrorCode::kNotFound, "no name server is known for {}", name);
}

std::vector<std::string> NameserverSearch::resolvers() const {
  std::ostringstream text;
  text << std::ifstream(settings_.resolv_conf).rdbuf();
  return read_resolv_conf(text.str(), settings_.resolver_port);
}

// The first resolver that gives an answer, which is the first to be asked from then on; without servers when
// the name is no zone. The time is shared: a silent resolver, of a lost region perhaps, leaves the others
// theirs.
Result<std::vector<std::string>> NameserverSearch::ask_all(std::vector<std::string>& resolvers,
                                                           const std::string& name, BootTime deadline) {
  Result<std::vector<std::string>> servers = fail(ErrorCode::kTimeout, "no time left to look for {}", name);
  for (size_t i = 0; i < resolvers.size(); ++i) {
    const BootTime now = clock_.boot_now();
    const nanoseconds share = (deadline - now) / static_cast<int64_t>(resolvers.size() - i);
    servers = ask_one(resolvers[i], name, now + std::min(share, kPatience));
    if (!servers) continue;
    std::swap(resolvers.front(), resolvers[i]);
    return servers;
  }
  return wrap("looking for the name servers of " + name, servers.error());
}

Result<std::vector<std::string>> NameserverSearch::ask_one(const std::string& resolver,
                                                           const std::string& name, BootTime deadline) {
  const Result<Query> query = make_query(name, "NS", Recursion::kDesired);
  if (!query) return tl::unexpected(query.error());
  const Result<Address> address = lookup_.find(resolver, deadline);
  if (!address) return tl::unexpected(address.error());
  const Result<DnsAnswer> answer = ask(transport_, *address, *query, deadline);
  if (!answer) return wrap(resolver, answer.error());
  if (answer->rcode != kNoError && answer->rcode != kNxdomain)
    return fail(ErrorCode::kUnavailable, "{} answers {}", resolver, rcode_name(answer->rcode));
  std::vector<std::string> servers;
  for (const DnsRecord& record : answer->answers)
    // The NS of what an alias leads to are another zone's.
    if (record.type == "NS" && record.name == name && record.data.size() > 1)
      servers.push_back(with_port(record.data.substr(0, record.data.size() - 1), settings_.nameserver_port));
  std::ranges::sort(servers);
  return servers;
}

}  // namespace farshore::dns

#include "exporter/watch/dns_answer.h"

#include <algorithm>

#include "common/topology/address.h"

namespace farshore {
namespace {

constexpr int kNoError = 0, kServfailCode = 2, kNxdomainCode = 3, kRefusedCode = 5;

DnsFailure failure_of(const DnsAnswer& answer) {
  switch (answer.rcode) {
    case kNoError:
      return answer.authoritative ? DnsFailure::kNone : DnsFailure::kNotAuthoritative;
    case kServfailCode:
      return DnsFailure::kServfail;
    case kNxdomainCode:
      return answer.authoritative ? DnsFailure::kNxdomain : DnsFailure::kNotAuthoritative;
    case kRefusedCode:
      return DnsFailure::kRefused;
    default:
      return DnsFailure::kOther;
  }
}

DnsFinding failed(DnsFailure failure, std::string text, bool replied) {
  DnsFinding finding;
  finding.failure = failure;
  finding.failure_text = std::move(text);
  finding.replied = replied;
  return finding;
}

void note_targets(const TrafficConfig& record, const std::vector<std::string>& answered,
                  DnsFinding& finding) {
  std::set<std::string> known;
  for (const auto& [region, target] : record.targets) {
    std::set<std::string> same;
    for (const std::string& address : answered)
      if (same_target(target, address)) same.insert(address);
    if (!same.empty()) finding.regions.insert(region);
    if (same.size() == std::set<std::string>(answered.begin(), answered.end()).size())
      finding.only_regions.insert(region);
    known.merge(same);
  }
  for (const std::string& address : answered) finding.other |= !known.contains(address);
}

bool is_alias(const TrafficConfig& record, const DnsAnswer& answer) {
  return record.type != "CNAME" && std::ranges::any_of(answer.answers, [&](const DnsRecord& each) {
           return each.type == "CNAME" && same_target(each.name, record.name);
         });
}

}  // namespace

std::string_view to_string(DnsFailure failure) {
  switch (failure) {
    case DnsFailure::kNone:
      return "";
    case DnsFailure::kTimeout:
      return "timeout";
    case DnsFailure::kUnreachable:
      return "unreachable";
    case DnsFailure::kNameserverUnknown:
      return "nameserver_unknown";
    case DnsFailure::kRefused:
      return "refused";
    case DnsFailure::kServfail:
      return "servfail";
    case DnsFailure::kNxdomain:
      return "nxdomain";
    case DnsFailure::kNotAuthoritative:
      return "not_authoritative";
    case DnsFailure::kNoData:
      return "no_data";
    case DnsFailure::kOther:
      break;
  }
  return "other";
}

DnsFinding judge_answer(const TrafficConfig& record, const Result<DnsAnswer>& answer) {
  if (!answer) {
    const ErrorCode code = answer.error().code;
    const DnsFailure failure = code == ErrorCode::kTimeout       ? DnsFailure::kTimeout
                               : code == ErrorCode::kUnavailable ? DnsFailure::kUnreachable
                                                                 : DnsFailure::kOther;
    return failed(failure, answer.error().message, false);
  }
  if (const DnsFailure failure = failure_of(*answer); failure != DnsFailure::kNone)
    return failed(failure, "answers " + rcode_name(answer->rcode), true);
  DnsFinding finding;
  finding.replied = true;
  std::vector<std::string> answered;
  for (const DnsRecord& each : answer->answers) {
    if (each.type != record.type) continue;  // the CNAME that led to it
    finding.ttl_seconds = std::min(finding.ttl_seconds.value_or(each.ttl_seconds), each.ttl_seconds);
    answered.push_back(each.data);
  }
  note_targets(record, answered, finding);
  finding.values = std::set<std::string>(answered.begin(), answered.end()).size();
  finding.alias = is_alias(record, *answer);
  if (finding.ttl_seconds) return finding;
  DnsFinding empty = failed(DnsFailure::kNoData, "has no record of type " + record.type, true);
  empty.alias = finding.alias;
  return empty;
}

DnsFinding nameserver_unknown(const Error& why) {
  return failed(DnsFailure::kNameserverUnknown, why.message, false);
}

}  // namespace farshore

// The header of ldns makes bool, true and false macros unless it is told that stdbool.h exists; that would
// break every C++ header after it, so it comes last and only here.
#include "common/dns/message.h"

#include <algorithm>
#include <cctype>

#define HAVE_STDBOOL_H 1
#include <ldns/ldns.h>

namespace farshore::dns {
namespace {

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rdf* field) const { ldns_rdf_deep_free(field); }
  void operator()(char* text) const { LDNS_FREE(text); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;
using Field = std::unique_ptr<ldns_rdf, Free>;
using Text = std::unique_ptr<char, Free>;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string to_text(const ldns_rdf* field) {
  const Text text(ldns_rdf2str(field));
  return text ? std::string(text.get()) : std::string();
}

std::string type_name(ldns_rr_type type) {
  const Text text(ldns_rr_type2str(type));
  return text ? std::string(text.get()) : std::string();
}

DnsRecord to_record(const ldns_rr* record) {
  DnsRecord result;
  result.name = lower(to_text(ldns_rr_owner(record)));
  result.type = type_name(ldns_rr_get_type(record));
  result.ttl_seconds = ldns_rr_ttl(record);
  for (size_t i = 0; i < ldns_rr_rd_count(record); ++i) {
    if (i > 0) result.data += ' ';
    result.data += to_text(ldns_rr_rdf(record, i));
  }
  return result;
}

bool answers_question(const ldns_pkt* packet, const Query& query) {
  const ldns_rr_list* questions = ldns_pkt_question(packet);
  if (questions == nullptr || ldns_rr_list_rr_count(questions) != 1) return false;
  const ldns_rr* question = ldns_rr_list_rr(questions, 0);
  return lower(to_text(ldns_rr_owner(question))) == query.name &&
         type_name(ldns_rr_get_type(question)) == query.type;
}

}  // namespace

Result<Query> make_query(const std::string& name, const std::string& type) {
  // ldns takes "TYPE" and any number for a type, also one that no enum holds.
  if (lower(type).starts_with("type"))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no DNS record type", type);
  const ldns_rr_type wanted = ldns_get_rr_type_by_name(type.c_str());
  if (wanted == 0) return fail(ErrorCode::kInvalidArgument, "'{}' is no DNS record type", type);
  ldns_rdf* raw_name = nullptr;
  if (name.empty() || ldns_str2rdf_dname(&raw_name, name.c_str()) != LDNS_STATUS_OK)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no DNS name", name);
  Query query;
  query.name = lower(to_text(raw_name));
  query.type = type_name(wanted);
  // The packet takes the name.
  const Packet packet(ldns_pkt_query_new(raw_name, wanted, LDNS_RR_CLASS_IN, 0));
  if (!packet) return fail(ErrorCode::kInternal, "ldns makes no packet for {}", name);
  ldns_pkt_set_random_id(packet.get());
  query.id = ldns_pkt_id(packet.get());
  uint8_t* wire = nullptr;
  size_t size = 0;
  if (ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK)
    return fail(ErrorCode::kInternal, "ldns cannot write a question for {}", name);
  query.wire.assign(wire, wire + size);
  LDNS_FREE(wire);
  return query;
}

std::optional<Reply> read_reply(const Query& query, const Bytes& wire) {
  ldns_pkt* raw = nullptr;
  if (ldns_wire2pkt(&raw, wire.data(), wire.size()) != LDNS_STATUS_OK) return std::nullopt;
  const Packet packet(raw);
  if (!ldns_pkt_qr(raw) || ldns_pkt_id(raw) != query.id || !answers_question(raw, query)) return std::nullopt;
  Reply reply;
  reply.truncated = ldns_pkt_tc(raw);
  reply.answer.rcode = ldns_pkt_get_rcode(raw);
  reply.answer.authoritative = ldns_pkt_aa(raw);
  const ldns_rr_list* answers = ldns_pkt_answer(raw);
  for (size_t i = 0; answers != nullptr && i < ldns_rr_list_rr_count(answers); ++i)
    reply.answer.answers.push_back(to_record(ldns_rr_list_rr(answers, i)));
  return reply;
}

}  // namespace farshore::dns

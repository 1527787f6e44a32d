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
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
  void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
  void operator()(char* text) const { LDNS_FREE(text); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;
using Field = std::unique_ptr<ldns_rdf, Free>;
using Record = std::unique_ptr<ldns_rr, Free>;
using Records = std::unique_ptr<ldns_rr_list, Free>;
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

// RFC 8945 section 10: how far the clocks may differ.
constexpr uint16_t kFudgeSeconds = 300;

Result<Bytes> to_wire(const ldns_pkt* packet) {
  uint8_t* wire = nullptr;
  size_t size = 0;
  if (ldns_pkt2wire(&wire, packet, &size) != LDNS_STATUS_OK)
    return fail(ErrorCode::kInternal, "ldns cannot write a message");
  Bytes bytes(wire, wire + size);
  LDNS_FREE(wire);
  return bytes;
}

Field make_value(ldns_rr_type type, const std::string& value) {
  switch (type) {
    case LDNS_RR_TYPE_A:
      return Field(ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, value.c_str()));
    case LDNS_RR_TYPE_AAAA:
      return Field(ldns_rdf_new_frm_str(LDNS_RDF_TYPE_AAAA, value.c_str()));
    case LDNS_RR_TYPE_CNAME:
      return Field(value.empty() ? nullptr : ldns_dname_new_frm_str(value.c_str()));
    case LDNS_RR_TYPE_TXT:
      return Field(ldns_rdf_new_frm_str(LDNS_RDF_TYPE_STR, value.c_str()));
    default:
      return nullptr;
  }
}

// Without a value: what RFC 2136 says with class ANY (any of the set) and NONE (no such set).
Status push(ldns_rr_list* list, const RecordSet& set, ldns_rr_class klass, uint32_t ttl,
            const std::string* value = nullptr) {
  const ldns_rr_type type = ldns_get_rr_type_by_name(set.type.c_str());
  Field owner(set.name.empty() ? nullptr : ldns_dname_new_frm_str(set.name.c_str()));
  if (!owner) return fail(ErrorCode::kInvalidArgument, "'{}' is no DNS name", set.name);
  Record record(ldns_rr_new());
  ldns_rr_set_owner(record.get(), owner.release());
  ldns_rr_set_type(record.get(), type);
  ldns_rr_set_class(record.get(), klass);
  ldns_rr_set_ttl(record.get(), ttl);
  if (value != nullptr) {
    Field field = make_value(type, *value);
    if (!field)
      return fail(ErrorCode::kInvalidArgument, "'{}' does not fit a record of type '{}'", *value, set.type);
    ldns_rr_push_rdf(record.get(), field.release());
  }
  ldns_rr_list_push_rr(list, record.release());
  return {};
}

// RFC 2136 section 2.4: "RRset exists (value dependent)" and "RRset does not exist".
Status require(ldns_rr_list* list, const RecordSet& set) {
  if (set.values.empty()) return push(list, set, LDNS_RR_CLASS_NONE, 0);
  Status pushed;
  for (const std::string& value : set.values)
    if (pushed) pushed = push(list, set, LDNS_RR_CLASS_IN, 0, &value);
  return pushed;
}

// RFC 2136 section 2.5: "Delete an RRset" and "Add to an RRset".
Status replace(ldns_rr_list* list, const RecordSet& set) {
  Status pushed = push(list, set, LDNS_RR_CLASS_ANY, 0);
  for (const std::string& value : set.values)
    if (pushed) pushed = push(list, set, LDNS_RR_CLASS_IN, set.ttl_seconds, &value);
  return pushed;
}

Result<Packet> update_packet(const DnsUpdate& update) {
  const Records required(ldns_rr_list_new()), replaced(ldns_rr_list_new());
  for (const RecordSet& set : update.required)
    if (const Status pushed = require(required.get(), set); !pushed) return tl::unexpected(pushed.error());
  for (const RecordSet& set : update.replaced)
    if (const Status pushed = replace(replaced.get(), set); !pushed) return tl::unexpected(pushed.error());
  ldns_rdf* zone = update.zone.empty() ? nullptr : ldns_dname_new_frm_str(update.zone.c_str());
  if (zone == nullptr) return fail(ErrorCode::kInvalidArgument, "'{}' is no DNS name", update.zone);
  // The packet takes the name and copies the lists.
  Packet packet(ldns_update_pkt_new(zone, LDNS_RR_CLASS_IN, required.get(), replaced.get(), nullptr));
  if (!packet) return fail(ErrorCode::kInternal, "ldns makes no update of {}", update.zone);
  ldns_pkt_set_rd(packet.get(), false);
  ldns_pkt_set_random_id(packet.get());
  return packet;
}

// Of a TSIG record: RFC 8945 section 4.2. ldns looks at the signature, not at who signed or when.
constexpr size_t kTsigFields = 7, kAlgorithm = 0, kMac = 3, kError = 5;

bool is_signed_by(const ldns_pkt* packet, const TsigKey& key) {
  const ldns_rr* tsig = ldns_pkt_tsig(packet);
  return lower(to_text(ldns_rr_owner(tsig))) == key.name &&
         lower(to_text(ldns_rr_rdf(tsig, kAlgorithm))) == key.algorithm;
}

void read_signature(ldns_pkt* packet, const SignedUpdate& update, const TsigKey& key, const Bytes& wire,
                    UpdateAnswer& answer) {
  const ldns_rr* tsig = ldns_pkt_tsig(packet);
  if (tsig == nullptr || ldns_rr_rd_count(tsig) != kTsigFields) return;
  answer.tsig_error = ldns_rdf2native_int16(ldns_rr_rdf(tsig, kError));
  if (!is_signed_by(packet, key)) return;
  const Field mac(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, update.mac.size(), update.mac.data()));
  answer.verified = mac && ldns_pkt_tsig_verify(packet, wire.data(), wire.size(), key.name.c_str(),
                                                key.secret.c_str(), mac.get());
}

}  // namespace

Result<Query> make_query(const std::string& name, const std::string& type, Recursion recursion) {
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
  ldns_pkt_set_rd(packet.get(), recursion == Recursion::kDesired);
  ldns_pkt_set_random_id(packet.get());
  query.id = ldns_pkt_id(packet.get());
  Result<Bytes> wire = to_wire(packet.get());
  if (!wire) return tl::unexpected(wire.error());
  query.wire = *std::move(wire);
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

Result<SignedUpdate> make_update(const DnsUpdate& update, const TsigKey& key) {
  const Result<Packet> packet = update_packet(update);
  if (!packet) return tl::unexpected(packet.error());
  // ldns would use what it cannot read.
  if (const Field name(key.name.empty() ? nullptr : ldns_dname_new_frm_str(key.name.c_str())); !name)
    return fail(ErrorCode::kInvalidArgument, "the key has no DNS name");
  if (ldns_pkt_tsig_sign(packet->get(), key.name.c_str(), key.secret.c_str(), kFudgeSeconds,
                         key.algorithm.c_str(), nullptr) != LDNS_STATUS_OK ||
      ldns_pkt_tsig(packet->get()) == nullptr)
    return fail(ErrorCode::kInvalidArgument, "ldns cannot sign with the key {}", key.name);
  SignedUpdate made;
  made.id = ldns_pkt_id(packet->get());
  const ldns_rdf* mac = ldns_rr_rdf(ldns_pkt_tsig(packet->get()), kMac);
  made.mac.assign(ldns_rdf_data(mac), ldns_rdf_data(mac) + ldns_rdf_size(mac));
  Result<Bytes> wire = to_wire(packet->get());
  if (!wire) return tl::unexpected(wire.error());
  made.wire = *std::move(wire);
  return made;
}

std::optional<UpdateAnswer> read_update_reply(const SignedUpdate& update, const TsigKey& key,
                                              const Bytes& wire) {
  ldns_pkt* raw = nullptr;
  if (ldns_wire2pkt(&raw, wire.data(), wire.size()) != LDNS_STATUS_OK) return std::nullopt;
  const Packet packet(raw);
  if (!ldns_pkt_qr(raw) || ldns_pkt_id(raw) != update.id || ldns_pkt_get_opcode(raw) != LDNS_PACKET_UPDATE)
    return std::nullopt;
  UpdateAnswer answer;
  answer.rcode = ldns_pkt_get_rcode(raw);
  read_signature(raw, update, key, wire, answer);
  return answer;
}

}  // namespace farshore::dns

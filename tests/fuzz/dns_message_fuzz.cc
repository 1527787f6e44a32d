// A datagram from whoever claims to be the name server: taken only as the answer to the very question, and
// every record of it is text that can go into a label or a log.
#include "common/dns/message.h"

#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {
namespace {

void check_reply(const dns::Query& query, const dns::Bytes& wire) {
  const auto reply = dns::read_reply(query, wire);
  if (!reply) return;
  require(wire.size() >= 12 && (wire[2] & 0x80) != 0, "a reply has a header with the response bit");
  require(wire[0] == query.id >> 8 && wire[1] == (query.id & 0xff), "a reply has the id of the question");
  require(reply->answer.rcode >= 0 && !rcode_name(reply->answer.rcode).empty(), "a result has a name");
  for (const auto& record : reply->answer.answers) {
    require(!record.name.empty() && record.name.back() == '.', "an owner is a full name", record.name);
    require(!record.type.empty() && is_printable(record.type), "a type has a name", record.type);
    require(is_printable(record.name) && record.data.find('\0') == std::string::npos,
            "a record is text without controls", record.name);
  }
}

const TsigKey kKey{"farshore-lab.", "hmac-sha256.", "c2VjcmV0IG9mIHRoZSBsYWIsIDMyIGJ5dGVzIGxvbmc="};

// Nobody without the key gives an answer that counts as the server's own word.
void check_update_reply(dns::Bytes wire) {
  static const dns::SignedUpdate update =
      *dns::make_update({"farshore.test", {}, {{"orders.farshore.test", "A", {"192.0.2.10"}, 30}}}, kKey);
  if (wire.size() >= 12) {
    wire[0] = static_cast<uint8_t>(update.id >> 8);
    wire[1] = static_cast<uint8_t>(update.id & 0xff);
    wire[2] = static_cast<uint8_t>((wire[2] & 0x07) | 0xa8);  // a response to an UPDATE
  }
  const auto answer = dns::read_update_reply(update, kKey, wire);
  if (!answer) return;
  require(!answer->verified, "a signature is not made up");
  const Status judged = judge_update(*answer);
  require(!judged && !judged.error().message.empty(), "what is not signed is no yes, and it is said why");
}

void check_key(std::string_view text) {
  const auto key = parse_tsig_key(text);
  if (!key) return;
  require(key->name.ends_with('.') && is_printable(key->name), "a key has a full name", key->name);
  require(dns::make_update({"a.test", {}, {{"b.a.test", "A", {"192.0.2.1"}}}}, *key).has_value(),
          "what is taken for a key signs", key->name);
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  using fuzz::require;
  static const dns::Query query = *dns::make_query("orders.farshore.test", "A");
  // As it came; and with the id and question of ours before it, since no fuzzer guesses a random id.
  dns::Bytes wire(data, data + size);
  fuzz::check_reply(query, wire);
  if (size >= 12) {
    wire[0] = static_cast<uint8_t>(query.id >> 8);
    wire[1] = static_cast<uint8_t>(query.id & 0xff);
    wire[2] |= 0x80;
    wire[4] = 0;
    wire[5] = 1;
    wire.insert(wire.begin() + 12, query.wire.begin() + 12, query.wire.end());
    fuzz::check_reply(query, wire);
  }
  fuzz::check_update_reply(dns::Bytes(data, data + size));
  fuzz::check_key(fuzz::text_of(data, size));
  std::string_view text = fuzz::text_of(data, size);
  const std::string name(fuzz::take(text, '\n'));
  if (const auto asked = dns::make_query(name, std::string(text))) {
    require(asked->wire.size() > 12 && asked->name.ends_with('.'), "a question has a full name", asked->name);
    require(!dns::read_reply(*asked, asked->wire), "a question is no answer to itself");
  }
  return 0;
}

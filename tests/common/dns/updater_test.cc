#include "common/dns/updater.h"

#include <gtest/gtest.h>

#include "common/dns/message.h"
#include "tests/common/http/raw_server.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

const TsigKey kKey{"farshore-lab.", "hmac-sha256.", "c2VjcmV0IG9mIHRoZSBsYWIsIDMyIGJ5dGVzIGxvbmc="};

DnsUpdate an_update() {
  return {"farshore.test",
          {{"orders.farshore.test", "A", {"192.0.2.10"}}, {"farshore-epoch.orders.farshore.test", "TXT", {}}},
          {{"orders.farshore.test", "A", {"198.51.100.20"}, 30},
           {"farshore-epoch.orders.farshore.test", "TXT", {"epoch=7"}, 30}}};
}

// The header of an answer to `request`, nothing after it.
dns::Bytes bare_answer(const dns::SignedUpdate& request, int rcode) {
  dns::Bytes wire(request.wire.begin(), request.wire.begin() + 12);
  wire[2] |= 0x80;
  wire[3] = static_cast<uint8_t>(rcode);
  std::fill(wire.begin() + 4, wire.end(), uint8_t{0});
  return wire;
}

void put16(dns::Bytes& wire, uint16_t value) {
  wire.push_back(static_cast<uint8_t>(value >> 8));
  wire.push_back(static_cast<uint8_t>(value & 0xff));
}

// With a TSIG record of this error and no signature, as RFC 8945 section 5.2 has it for a key that is not
// taken.
dns::Bytes answer_with_tsig_error(const dns::SignedUpdate& request, int rcode, uint16_t error) {
  dns::Bytes wire = bare_answer(request, rcode);
  wire[11] = 1;  // one additional record
  const std::string_view name(
      "\x0c"
      "farshore-lab\0",
      14),
      algorithm(
          "\x0b"
          "hmac-sha256\0",
          13);
  wire.insert(wire.end(), name.begin(), name.end());
  put16(wire, 250);  // TSIG
  put16(wire, 255);  // ANY
  put16(wire, 0), put16(wire, 0);
  put16(wire, static_cast<uint16_t>(algorithm.size() + 16));
  wire.insert(wire.end(), algorithm.begin(), algorithm.end());
  put16(wire, 0), put16(wire, 0), put16(wire, 0);  // time
  put16(wire, 300);
  put16(wire, 0);  // no signature
  put16(wire, request.id);
  put16(wire, error);
  put16(wire, 0);
  return wire;
}

TEST(UpdateMessage, EachAttemptIsSignedAnewUnderANewId) {
  const auto one = dns::make_update(an_update(), kKey), two = dns::make_update(an_update(), kKey);
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->id, two->id);
  EXPECT_NE(one->mac, two->mac);
  EXPECT_EQ(one->mac.size(), 34u) << "two bytes of length and 32 of HMAC-SHA256";
  EXPECT_EQ(one->wire[2] >> 3 & 0xf, 5) << "opcode UPDATE";
}

TEST(UpdateMessage, WhatIsNoRecordIsRefusedBeforeAnythingIsSent) {
  const auto refused = [](const DnsUpdate& update) {
    const auto made = dns::make_update(update, kKey);
    return !made && made.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({"", {}, {{"a.test", "A", {"192.0.2.1"}}}}));
  EXPECT_TRUE(refused({"test", {}, {{"", "A", {"192.0.2.1"}}}}));
  EXPECT_TRUE(refused({"test", {}, {{"a.test", "A", {"2001:db8::1"}}}}));
  EXPECT_TRUE(refused({"test", {{"a.test", "AAAA", {"192.0.2.1"}}}, {}}));
  EXPECT_TRUE(refused({"test", {}, {{"a.test", "MX", {"10 mail.test."}}}}));
  EXPECT_TRUE(refused({"test", {}, {{"a.test", "CNAME", {""}}}}));
  EXPECT_TRUE(refused({"test", {}, {{std::string(70, 'a') + ".test", "A", {"192.0.2.1"}}}}));
}

TEST(UpdateMessage, OnlyAReplyToThisVeryUpdateCountsAndOnlyASignedYesIsOne) {
  const auto request = dns::make_update(an_update(), kKey).value();
  EXPECT_FALSE(dns::read_update_reply(request, kKey, request.wire)) << "an update is no reply";
  EXPECT_FALSE(dns::read_update_reply(request, kKey, {1, 2, 3}));
  dns::Bytes other = bare_answer(request, 0);
  other[0] ^= 1;
  EXPECT_FALSE(dns::read_update_reply(request, kKey, other));
  dns::Bytes query = bare_answer(request, 0);
  query[2] &= 0x87;
  EXPECT_FALSE(dns::read_update_reply(request, kKey, query)) << "the answer to a question";

  const auto unsigned_yes = dns::read_update_reply(request, kKey, bare_answer(request, 0));
  ASSERT_TRUE(unsigned_yes);
  EXPECT_FALSE(unsigned_yes->verified);
  EXPECT_EQ(judge_update(*unsigned_yes).error().code, ErrorCode::kUnknown);
  // Our own signature, sent back: it covers another message.
  dns::Bytes echoed = request.wire;
  echoed[2] |= 0x80;
  const auto echo = dns::read_update_reply(request, kKey, echoed);
  ASSERT_TRUE(echo);
  EXPECT_FALSE(echo->verified);
}

TEST(UpdateMessage, TheServersReasonAgainstTheKeyIsRead) {
  const auto request = dns::make_update(an_update(), kKey).value();
  const auto answer = dns::read_update_reply(request, kKey, answer_with_tsig_error(request, 9, 18));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rcode, 9);
  EXPECT_EQ(answer->tsig_error, 18);
  EXPECT_FALSE(answer->verified);
}

TEST(JudgeUpdate, EveryAnswerHasItsOwnWordAndCode) {
  EXPECT_TRUE(judge_update({0, 0, true}));
  struct Case {
    UpdateAnswer answer;
    ErrorCode code;
    const char* word;
  };
  for (const Case& each : {Case{{0, 0, false}, ErrorCode::kUnknown, "not signed"},
                           Case{{1, 0, true}, ErrorCode::kInvalidArgument, "FORMERR"},
                           Case{{2, 0, true}, ErrorCode::kUnknown, "SERVFAIL"},
                           Case{{3, 0, true}, ErrorCode::kConflict, "NXDOMAIN"},
                           Case{{4, 0, true}, ErrorCode::kInvalidArgument, "NOTIMP"},
                           Case{{5, 0, true}, ErrorCode::kPermission, "REFUSED"},
                           Case{{5, 0, false}, ErrorCode::kPermission, "its secret or the clock"},
                           Case{{6, 0, true}, ErrorCode::kConflict, "YXDOMAIN"},
                           Case{{7, 0, true}, ErrorCode::kConflict, "YXRRSET"},
                           Case{{8, 0, true}, ErrorCode::kConflict, "NXRRSET"},
                           Case{{9, 0, true}, ErrorCode::kNotFound, "not the primary"},
                           Case{{9, 0, false}, ErrorCode::kPermission, "NOTAUTH"},
                           Case{{9, 16, false}, ErrorCode::kPermission, "BADSIG"},
                           Case{{9, 17, false}, ErrorCode::kPermission, "BADKEY"},
                           Case{{9, 18, true}, ErrorCode::kUnavailable, "BADTIME"},
                           Case{{9, 22, false}, ErrorCode::kPermission, "BADTRUNC"},
                           Case{{9, 77, false}, ErrorCode::kUnknown, "77"},
                           Case{{10, 0, true}, ErrorCode::kInvalidArgument, "NOTZONE"},
                           Case{{11, 0, true}, ErrorCode::kUnknown, "rcode 11"}}) {
    const Status judged = judge_update(each.answer);
    ASSERT_FALSE(judged) << each.word;
    EXPECT_EQ(judged.error().code, each.code) << judged.error().message;
    EXPECT_NE(judged.error().message.find(each.word), std::string::npos) << judged.error().message;
  }
}

class UpdaterTest : public ::testing::Test {
 protected:
  Result<UpdateAnswer> send(const std::string& server, nanoseconds within = 20s) {
    return updater_->send(server, an_update(), kKey, system_clock().boot_now() + within);
  }
  static std::string at(const test::RawServer& server) { return fmt::format("127.0.0.1:{}", server.port()); }
  std::unique_ptr<DnsUpdater> updater_ = make_dns_updater(system_clock());
};

TEST_F(UpdaterTest, WhatWasNotSentIsNotUnknown) {
  EXPECT_EQ(send("127.0.0.1:" + std::to_string(test::free_port())).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(send("nonsense").error().code, ErrorCode::kInvalidArgument);
  const test::RawServer server("", test::RawServer::Then::kHang);
  EXPECT_EQ(send(at(server), -1ns).error().code, ErrorCode::kTimeout);
}

TEST_F(UpdaterTest, ACutAnswerOrNoneOrAForeignOneLeavesItOpenWhetherItWasDone) {
  using Then = test::RawServer::Then;
  const std::string none, half("\0\x20\x12\x34", 4),
      foreign(
          "\0\x0c"
          "ab\xa8\0\0\0\0\0\0\0\0\0",
          14);
  for (const std::string& bytes : {none, half, foreign}) {
    const test::RawServer closes(bytes), hangs(bytes, Then::kHang);
    const auto closed = send(at(closes));
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code, ErrorCode::kUnknown) << closed.error().message;
    const auto hung = send(at(hangs), 300ms);
    ASSERT_FALSE(hung);
    EXPECT_EQ(hung.error().code, ErrorCode::kUnknown) << hung.error().message;
    EXPECT_NE(hung.error().message.find(at(hangs)), std::string::npos);
  }
}

}  // namespace
}  // namespace farshore

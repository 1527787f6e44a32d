#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/cloud.h"
#include "tests/contract/tests/caller.h"

namespace farshore::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSeed = R"({"zones": [{"id": "Z1", "name": "farshore.test", "records": [
    {"name": "orders.farshore.test", "type": "A", "ttl": 60, "values": ["192.0.2.10"]},
    {"name": "epoch.farshore.test", "type": "TXT", "ttl": 0, "values": ["\"epoch=7\""]}]}]})";
const std::string kChange = "/2013-04-01/hostedzone/Z1/rrset/";

std::string one_change(const std::string& action, const std::string& address, int ttl = 60) {
  return fmt::format(
      "<Change><Action>{}</Action><ResourceRecordSet><Name>orders.farshore.test</Name><Type>A</Type>"
      "<TTL>{}</TTL><ResourceRecords><ResourceRecord><Value>{}</Value></ResourceRecord></ResourceRecords>"
      "</ResourceRecordSet></Change>",
      action, ttl, address);
}

std::string batch(const std::string& changes) {
  return "<ChangeResourceRecordSetsRequest "
         "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>"
         "<Changes>" +
         changes + "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
}

class Route53Cloud : public ::testing::Test {
 protected:
  struct World {
    PowerDnsFixture name_server;
    Cloud cloud{"route53_cloud.py",
                {.token = "AKIDEXAMPLE secret-of-the-key",
                 .seed = kSeed,
                 .publish_into = &name_server,
                 .delay = 1s,
                 .arguments = {"--model", openapi_folder()}}};
  };

  void SetUp() override {
    if (const std::string why = route53_missing(); !why.empty()) GTEST_SKIP() << why;
    if (!world_) world_ = std::make_unique<World>();
    cloud().reset();
  }
  static void TearDownTestSuite() { world_.reset(); }
  static Cloud& cloud() { return world_->cloud; }

  // Signed by curl, which was compared with botocore; the secret stands in a file. The status is the last
  // line.
  std::string call(const std::string& method, const std::string& target, const std::string& body = "",
                   const std::string& key = "AKIDEXAMPLE:secret-of-the-key",
                   const std::string& region = "us-east-1") {
    const TempDir folder;
    write_file(folder.file("body"), body);
    std::string config = fmt::format(
        "silent\nmax-time = 5\nrequest = {}\nurl = \"{}{}\"\nuser = \"{}\"\naws-sigv4 = "
        "\"aws:amz:{}:route53\"\n"
        "write-out = \"\\n%{{http_code}}\"\n",
        method, cloud().url(), target, key, region);
    if (!body.empty()) {
      config += "header = \"Content-Type: text/xml\"\ndata-binary = \"@" + folder.file("body") + "\"\n";
    }
    write_file(folder.file("config"), config, 0600);
    return run_command({"curl", "--config", folder.file("config")}).output;
  }
  std::string change(const std::string& changes) { return call("POST", kChange, batch(changes)); }
  static std::string change_id(const std::string& answer) {
    const size_t at = answer.find("<Id>/change/") + std::string("<Id>").size();
    return answer.substr(at, answer.find("</Id>") - at);
  }
  std::string published() { return address_of(world_->name_server, "orders.farshore.test"); }

  static std::unique_ptr<World> world_;
};
std::unique_ptr<Route53Cloud::World> Route53Cloud::world_;

TEST_F(Route53Cloud, AChangeIsPendingUntilTheNameServerAnswersIt) {
  ASSERT_EQ(published(), "192.0.2.10");
  const std::string answer = change(one_change("UPSERT", "198.51.100.20"));
  ASSERT_THAT(answer, ::testing::AllOf(HasSubstr("PENDING"), ::testing::EndsWith("\n200")));
  const std::string id = "/2013-04-01" + change_id(answer);
  EXPECT_THAT(call("GET", id), HasSubstr("<Status>PENDING</Status>"));
  EXPECT_EQ(published(), "192.0.2.10");
  EXPECT_TRUE(
      wait_until([&] { return call("GET", id).find("<Status>INSYNC</Status>") != std::string::npos; }));
  EXPECT_EQ(published(), "198.51.100.20");
}

TEST_F(Route53Cloud, DeleteAndCreateInOneBatchCompareAndSwap) {
  const std::string swap = one_change("DELETE", "192.0.2.10") + one_change("CREATE", "198.51.100.20");
  EXPECT_THAT(change(swap), ::testing::EndsWith("\n200"));
  const std::string again = change(swap);
  EXPECT_THAT(again,
              ::testing::AllOf(HasSubstr("<InvalidChangeBatch"), HasSubstr("do not match the current values"),
                               ::testing::EndsWith("\n400")));
  EXPECT_THAT(call("GET", "/2013-04-01/hostedzone/Z1/rrset?maxitems=1&name=orders.farshore.test&type=A"),
              HasSubstr("198.51.100.20"));
}

TEST_F(Route53Cloud, ADeleteWithAnotherTtlIsStaleAndTheWholeBatchIsRefused) {
  EXPECT_THAT(change(one_change("DELETE", "192.0.2.10", 61) + one_change("CREATE", "198.51.100.20")),
              HasSubstr("InvalidChangeBatch"));
  EXPECT_THAT(change(one_change("CREATE", "198.51.100.20")), HasSubstr("already exists"));
  EXPECT_THAT(call("GET", "/2013-04-01/hostedzone/Z1/rrset"), HasSubstr("192.0.2.10"));
}

TEST_F(Route53Cloud, AWrongSecretKeyOrScopeIsRefused) {
  const std::string target = "/2013-04-01/hostedzonesbyname?dnsname=farshore.test";
  EXPECT_THAT(call("GET", target),
              ::testing::AllOf(HasSubstr("/hostedzone/Z1"), ::testing::EndsWith("\n200")));
  EXPECT_THAT(call("GET", target, "", "AKIDEXAMPLE:another"),
              ::testing::AllOf(HasSubstr("SignatureDoesNotMatch"), ::testing::EndsWith("\n403")));
  EXPECT_THAT(call("GET", target, "", "AKIDOTHER:secret-of-the-key"), HasSubstr("InvalidClientTokenId"));
  EXPECT_THAT(call("GET", target, "", "AKIDEXAMPLE:secret-of-the-key", "eu-west-1"),
              HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(Caller({"Accept", "*/*"}).call("GET", cloud().url() + target).body,
              HasSubstr("MissingAuthenticationToken"));
}

TEST_F(Route53Cloud, AQueryThatWasNotSignedInOrderIsRefused) {
  EXPECT_THAT(call("GET", "/2013-04-01/hostedzone/Z1/rrset?name=orders.farshore.test&maxitems=1"),
              HasSubstr("SignatureDoesNotMatch"));
}

TEST_F(Route53Cloud, ABodyThatTheModelDoesNotAllowIsRefused) {
  const std::string good = batch(one_change("UPSERT", "198.51.100.20"));
  const auto without = [&](std::string text, const std::string& what, const std::string& instead = "") {
    text.replace(text.find(what), what.size(), instead);
    return call("POST", kChange, text);
  };
  for (const auto& [what, instead] : std::vector<std::pair<std::string, std::string>>{
           {"<Type>A</Type>", ""},                                          // required
           {"<TTL>60</TTL>", "<TTL>-1</TTL>"},                              // out of range
           {"UPSERT", "REPLACE"},                                           // no such action
           {"<Type>A</Type>", "<Type>AA</Type>"},                           // no such type
           {"doc/2013-04-01/\"", "doc/2012-12-12/\""},                      // another namespace
           {"<Type>A</Type><TTL>60</TTL>", "<TTL>60</TTL><Type>A</Type>"},  // out of order
           {"<TTL>60</TTL>", "<TTL>60</TTL><Ttl>60</Ttl>"},                 // unknown
           {"</ChangeBatch>", ""}}) {                                       // no XML
    EXPECT_THAT(without(good, what, instead),
                ::testing::AllOf(HasSubstr("InvalidInput"), ::testing::EndsWith("\n400")))
        << what << " -> " << instead;
  }
  EXPECT_THAT(call("GET", "/2013-04-01/hostedzone/Z1/rrset"), HasSubstr("192.0.2.10"));
}

TEST_F(Route53Cloud, FaultsComeInAwsShapes) {
  cloud().fault({.method = "POST",
                 .times = 2,
                 .kind = "status",
                 .with = R"("status": 400, "code": "PriorRequestNotComplete")"});
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(change(one_change("UPSERT", "198.51.100.20")),
                HasSubstr("<Code>PriorRequestNotComplete</Code>"));
  }
  cloud().fault({.method = "POST", .kind = "stays_pending"});
  const std::string answer = change(one_change("UPSERT", "198.51.100.20"));
  ASSERT_TRUE(wait_until([&] { return published() == "198.51.100.20"; }));
  EXPECT_THAT(call("GET", "/2013-04-01" + change_id(answer)), HasSubstr("PENDING"));
  cloud().fault({.method = "POST", .kind = "insync_early"});
  cloud().pause_publication(true);
  const std::string early = change(one_change("UPSERT", "192.0.2.10"));
  EXPECT_THAT(call("GET", "/2013-04-01" + change_id(early)), HasSubstr("INSYNC"));
  EXPECT_EQ(published(), "198.51.100.20");
  cloud().pause_publication(false);
  EXPECT_TRUE(wait_until([&] { return published() == "192.0.2.10"; }));
}

TEST_F(Route53Cloud, TheLogHoldsNoSecret) {
  change(one_change("UPSERT", "198.51.100.20"));
  const auto calls = cloud().log();
  ASSERT_EQ(calls.size(), 1);
  EXPECT_THAT(calls[0].body, HasSubstr("198.51.100.20"));
  EXPECT_EQ(calls[0].status, 200);
}

}  // namespace
}  // namespace farshore::test

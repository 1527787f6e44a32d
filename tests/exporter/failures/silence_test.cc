// Servers that say nothing, or can say nothing to this vantage.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/exporter/failures/fixture.h"

namespace farshore::test {
namespace {

// How long an answer is shown at most, with the intervals of topology_yaml: what a younger snapshot shows was
// answered since.
constexpr nanoseconds kShownFor = 3 * 100ms + 2800ms;  // with patient_topology()

class Silence : public FailureTest {
 protected:
  // What the standby of a primary that fell silent may say: never that nothing lacks.
  void expect_no_lag_of_zero() const {
    EXPECT_TRUE(wait_page([](const Page& page) {
      return !page.value("farshore_replication_lag_seconds", {kS}).has_value();
    })) << "it holds all that is known, and nobody knows whether there is more";
    expect_answers(kS);
  }
};

TEST_F(Silence, AKilledPrimaryIsRefusedAndItsStandbySeesNoStream) {
  make_pair();
  watch_pair();
  primary->kill();
  expect_silent(kP, "refused");
  expect_no_lag_of_zero();
  EXPECT_TRUE(wait_page(
      [](const Page& page) { return page.value("farshore_pg_wal_receiver_streaming", {kS}) == 0; }));
  primary->start();
  EXPECT_TRUE(wait_up(kP));
}

TEST_F(Silence, AFrozenPrimaryTimesOut) {
  make_pair();
  watch_pair();
  primary->freeze();
  expect_silent(kP, "timeout");
  expect_no_lag_of_zero();
  primary->resume();
  EXPECT_TRUE(wait_up(kP));
}

TEST_F(Silence, AFrozenPostmasterAnswersItsOldSessionsAndNoNewOne) {
  primary = PostgresFixture::make_primary();
  // What takes too long would end the session, and there is no other to be had: looks have their time, and
  // the slow tier its next turn after the test.
  exporter =
      std::make_unique<RunningExporter>(test::patient_topology({{"p", primary->conninfo()}}), "eu-west");
  ASSERT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_up", {kP}) == 1 && page.value("farshore_pg_slow_tier_success", {kP});
  }));
  primary->freeze_postmaster();
  const BootTime frozen = system_clock().boot_now();
  ASSERT_TRUE(wait_until([&] {
    const double passed = to_seconds(system_clock().boot_now() - frozen);  // before the scrape: not too long
    const auto age = scrape().value("farshore_snapshot_age_seconds");
    return age && passed - *age > to_seconds(kShownFor);
  })) << "the observer stands still";
  expect_answers(kP);
  watch({{"p", primary->conninfo()}});  // has no session yet
  expect_silent(kP, "timeout");
  primary->resume();
  EXPECT_TRUE(wait_up(kP));
}

TEST_F(Silence, APartitionedPrimaryTimesOutAndOneThatTheNetworkDisownsIsUnreachable) {
  in_network([&] {
    make_pair();
    watch_pair();
    const std::string packets =
        fmt::format("tcp dport {0} drop; add rule inet test output tcp sport {0}", primary->port());
    add_rule(packets);
    expect_silent(kP, "timeout");
    expect_no_lag_of_zero();
    clear_rules();
    EXPECT_TRUE(wait_up(kP));
    add_rule(fmt::format("tcp dport {}", primary->port()), "reject with icmp type host-unreachable");
    expect_silent(kP, "unreachable");
    clear_rules();
    EXPECT_TRUE(wait_up(kP));
  });
}

// A name server that takes every question and answers none.
class SilentNameServer {
 public:
  SilentNameServer() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    inet_pton(AF_INET, "127.0.0.53", &address.sin_addr);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("no name server can be put up");
    write_file(folder_.file("resolv.conf"), "nameserver 127.0.0.53\n");
    write_file(folder_.file("nsswitch.conf"), "hosts: files dns\n");
    for (const char* name : {"resolv.conf", "nsswitch.conf"})
      if (mount(folder_.file(name).c_str(), fmt::format("/etc/{}", name).c_str(), "", MS_BIND, nullptr) != 0)
        throw std::runtime_error(fmt::format("/etc/{} cannot be replaced", name));
  }
  ~SilentNameServer() { close(socket_); }
  SilentNameServer(const SilentNameServer&) = delete;
  SilentNameServer& operator=(const SilentNameServer&) = delete;

 private:
  TempDir folder_;
  int socket_;
};

TEST_F(Silence, ANameThatIsNeverLookedUpIsThisVantagesOwnTroubleAndHoldsUpNobody) {
  in_network([&] {
    const SilentNameServer name_server;
    primary = PostgresFixture::make_primary();
    watch({{"p", primary->conninfo()}, {"s", "host=db.example.net port=5432 user=x dbname=x"}});
    expect_silent(kS, "dns");
    EXPECT_TRUE(wait_up(kP));
    const double threads = scrape().value("process_threads").value_or(-1);
    for (int time = 0; time < 20; ++time) {
      const Page page = scrape();
      EXPECT_EQ(page.value("farshore_pg_up", {kP}), 1);
      EXPECT_LE(page.value("process_threads").value_or(1e9), threads + 1) << "one look-up at a time";
    }
  });
}

TEST_F(Silence, OneLookAtARecordWhoseNameServersAreNotFoundIsNotEverything) {
  in_network([&] {
    const SilentNameServer name_server;
    const TempDir folder;
    std::string topology = topology_yaml({{"d", "host=127.0.0.1 port=9 user=x dbname=x"}});
    const std::string command = "{kind: command, name: x, ";
    topology.replace(topology.find(command), command.size(),
                     "{kind: command, name: db.example.net, type: A, ttl: 30s, ");
    write_file(folder.file("farshore.yml"), topology);
    const CommandResult once = run_command(
        {FARSHORE_EXPORTER, "--config.file", folder.file("farshore.yml"), "--vantage", "eu-west", "--once"});
    EXPECT_EQ(once.exit_code, 0) << once.output;
    EXPECT_THAT(once.output, testing::HasSubstr("not everything was looked at in time"));
    EXPECT_THAT(once.output, testing::HasSubstr("class=\"refused\"} 1")) << "what was seen is printed";
  });
}

}  // namespace
}  // namespace farshore::test

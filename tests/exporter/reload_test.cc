// The program reads its topology again, on real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/exporter/running_exporter.h"
#include "tests/support/certificates.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::RunningExporter;
using test::Servers;
using test::topology_yaml;
using test::wait_until;
using testing::HasSubstr;
using testing::Not;

const std::string kP = "server=\"p\"", kS = "server=\"s\"", kD = "server=\"d\"";
const std::string kNowhere = "host=127.0.0.1 port=9 user=x dbname=x";

double reloaded_at(const RunningExporter& exporter) {
  return exporter.value("farshore_config_last_reload_success_timestamp_seconds").value_or(-1);
}

TEST(ExporterReload, LooksAtTheNewServersAndForgetsTheOldOnes) {
  const auto primary = PostgresFixture::make_primary();
  RunningExporter exporter(test::patient_topology({{"p", primary->conninfo()}, {"d", kNowhere}}), "eu-west");
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kD}, 0));
  const double before = reloaded_at(exporter);
  EXPECT_GT(before, 1.6e9);

  exporter.configure(test::patient_topology({{"p", primary->conninfo()}, {"s", kNowhere}}));
  exporter.process().signal(SIGHUP);
  // One page never shows two topologies, and never a server of the new one that was not looked at.
  ASSERT_TRUE(wait_until([&] {
    const std::string page = exporter.metrics();
    const bool is_new = page.find(kS) != std::string::npos;
    EXPECT_NE(is_new, page.find(kD) != std::string::npos) << page;
    EXPECT_THAT(page, HasSubstr("farshore_pg_timeline_id"));
    return is_new;
  }));
  EXPECT_EQ(exporter.value("farshore_pg_up", {kS}), 0);
  EXPECT_TRUE(wait_until([&] { return reloaded_at(exporter) > before; }));
  EXPECT_EQ(exporter.value("farshore_config_last_reload_successful"), 1);
  EXPECT_TRUE(primary->wait_for_sql(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'", "1"));
}

TEST(ExporterReload, KeepsWhatItHadWhenTheNewFileIsBad) {
  const auto primary = PostgresFixture::make_primary();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  const double before = reloaded_at(exporter);
  exporter.configure("vantages: 3\n");
  exporter.process().signal(SIGHUP);
  ASSERT_TRUE(exporter.wait_value("farshore_config_last_reload_successful", {}, 0));
  EXPECT_EQ(exporter.value("farshore_pg_up", {kP}), 1);
  EXPECT_EQ(reloaded_at(exporter), before);
  EXPECT_THAT(exporter.process().output(), HasSubstr("farshore.yml:1:"));

  std::string without_this_vantage = topology_yaml({{"p", primary->conninfo()}});
  for (size_t at = 0; (at = without_this_vantage.find("eu-west", at)) != std::string::npos;)
    without_this_vantage.replace(at, 7, "eu-east");
  exporter.configure(without_this_vantage);
  exporter.process().signal(SIGHUP);
  EXPECT_TRUE(exporter.process().wait_for_output("vantage 'eu-west' is not in"));
  EXPECT_EQ(exporter.value("farshore_pg_up", {kP}), 1);

  exporter.configure(topology_yaml({{"p", primary->conninfo()}}));
  exporter.process().signal(SIGHUP);
  EXPECT_TRUE(exporter.wait_value("farshore_config_last_reload_successful", {}, 1));
  EXPECT_GT(reloaded_at(exporter), before);
}

// One over TLS, with a web configuration that can be written anew.
class ExporterReloadOverTls : public testing::Test {
 protected:
  void configure_web(const std::string& key, const std::string& rest = "") const {
    test::write_file(ca_.folder().file("web.yml"),
                     "tls_server_config: {cert_file: server.pem, key_file: " + key + "}\n" + rest);
  }
  HttpResponse page(const std::string& authorization = "") {
    HttpRequest request;
    request.url = fmt::format("https://127.0.0.1:{}/metrics", exporter_.port());
    request.ca_file = ca_.certificate();
    if (!authorization.empty()) request.headers["Authorization"] = authorization;
    const auto response = client_->send(request);
    if (!response) throw std::runtime_error(response.error().message);
    return *response;
  }
  bool wait_refused(const std::string& why) {
    exporter_.process().signal(SIGHUP);
    return exporter_.process().wait_for_output(why) && wait_until([&] {
             return page().body.find("\nfarshore_config_last_reload_successful 0\n") != std::string::npos;
           });
  }

  test::CertificateAuthority ca_;
  const test::Issued server_ = ca_.issue("server"), other_ = ca_.issue("other");
  const bool written_ = (configure_web("server.key"), true);
  RunningExporter exporter_{Servers{{"d", kNowhere}}, {"--web.config.file", ca_.folder().file("web.yml")}};
  std::unique_ptr<HttpClient> client_ = make_curl_client();
};

// As htpasswd -nbB -C 4 makes it; anna's password is "far shore".
const std::string kUsers =
    "basic_auth_users: {anna: \"$2y$04$izstzK9hqB56x0m66Td6xe3EkMjUiKWNxrAhbQH5sbO0kFN0dh.8G\"}\n";

TEST_F(ExporterReloadOverTls, TakesTopologyAndWebConfigurationTogetherOrNeither) {
  const std::string good = topology_yaml({{"s", kNowhere}});
  exporter_.configure(good);
  configure_web("other.key");
  ASSERT_TRUE(wait_refused("is not that of the certificate")) << exporter_.process().output();
  EXPECT_THAT(page().body, HasSubstr(kD)) << "the topology is good and waits for a good certificate";
  EXPECT_THAT(page().body, Not(HasSubstr(kS)));

  exporter_.configure("vantages: 3\n");
  configure_web("server.key", kUsers);
  ASSERT_TRUE(wait_refused("farshore.yml:1:"));
  EXPECT_EQ(page().status, 200) << "the users are good and wait for a good topology";
  EXPECT_THAT(page().body, HasSubstr(kD));

  exporter_.configure(good);
  exporter_.process().signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return page().status == 401; }));
  ASSERT_TRUE(wait_until([&] {
    return page("Basic YW5uYTpmYXIgc2hvcmU=").body.find(kS) != std::string::npos;  // anna:far shore
  }));
  EXPECT_THAT(page("Basic YW5uYTpmYXIgc2hvcmU=").body, Not(HasSubstr(kD)));
}

TEST(ExporterReload, RemembersWhereALostPrimaryStood) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  const Servers servers = {{"p", primary->conninfo()}, {"s", standby->conninfo()}};
  RunningExporter exporter(test::patient_topology(servers), "eu-west");
  ASSERT_TRUE(exporter.wait_value("farshore_replication_lag_seconds", {kS}, 0));
  standby->sql("ALTER SYSTEM SET primary_conninfo = ''");
  standby->reload();
  ASSERT_TRUE(exporter.wait_value("farshore_pg_wal_receiver_streaming", {kS}, 0));
  primary->sql("CREATE TABLE t AS SELECT generate_series(1, 1000)");
  const auto behind = [&] { return exporter.value("farshore_replication_lag_bytes", {kS}).value_or(0); };
  ASSERT_TRUE(wait_until([&] { return behind() > 10000; }));
  primary->kill();
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 0));
  const double bytes = behind();
  const double first = exporter.value("farshore_replication_lag_seconds", {kS}).value_or(-1);
  EXPECT_GT(bytes, 10000);
  EXPECT_GE(first, 0);
  const double before = reloaded_at(exporter);
  exporter.process().signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return reloaded_at(exporter) > before; }));
  EXPECT_EQ(behind(), bytes);
  EXPECT_GE(exporter.value("farshore_replication_lag_seconds", {kS}).value_or(-1), first);
}

TEST(ExporterReload, OverHttpIsThereOnlyWhenItWasAskedFor) {
  RunningExporter closed(Servers{{"d", kNowhere}});
  EXPECT_EQ(closed.ask("POST", "/-/reload").status, 404);
  RunningExporter open(Servers{{"d", kNowhere}}, {"--web.enable-lifecycle"});
  EXPECT_EQ(open.get("/-/reload").status, 405);
  open.configure(topology_yaml({{"s", kNowhere}}));
  EXPECT_EQ(open.ask("POST", "/-/reload").status, 200);
  EXPECT_EQ(open.value("farshore_pg_up", {kS}), 0);
  EXPECT_EQ(open.value("farshore_pg_up", {kD}), std::nullopt);
  open.configure("clusters: 3\n");
  const HttpResponse refused = open.ask("POST", "/-/reload");
  EXPECT_EQ(refused.status, 500);
  EXPECT_THAT(refused.body, HasSubstr("farshore.yml:1:"));
  EXPECT_EQ(open.value("farshore_pg_up", {kS}), 0);
}

TEST(ExporterReload, ManyAtOnceOverHttpNeverHoldUpAScrape) {
  const auto primary = PostgresFixture::make_primary();
  RunningExporter exporter(test::patient_topology({{"p", primary->conninfo()}}), "eu-west",
                           {"--web.enable-lifecycle"});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  primary->freeze();  // the world that comes waits for it
  std::atomic<int> refused = 0;
  std::vector<std::future<int>> posts;
  for (int i = 0; i < 8; ++i)
    posts.push_back(std::async(std::launch::async, [&] {
      HttpRequest request;
      request.method = "POST";
      request.url = fmt::format("http://127.0.0.1:{}/-/reload", exporter.port());
      request.timeout = 60s;
      const auto answer = make_curl_client()->send(request);
      if (answer && answer->status == 409 && answer->body.find("being read already") != std::string::npos)
        ++refused;
      return answer ? answer->status : 0;
    }));
  EXPECT_TRUE(wait_until([&] { return refused > 0; })) << "at once";
  EXPECT_THAT(exporter.metrics(), HasSubstr(kP));
  std::vector<int> answers;
  for (std::future<int>& post : posts) answers.push_back(post.get());
  primary->resume();
  // One that comes late may be the next that is taken.
  const auto taken = std::ranges::count(answers, 200);
  EXPECT_GE(taken, 1);
  EXPECT_EQ(taken + refused, 8);
  EXPECT_EQ(exporter.ask("POST", "/-/reload").status, 200) << "and the next one is taken again";
}

}  // namespace
}  // namespace farshore

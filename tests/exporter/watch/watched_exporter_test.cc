// The exporter behind its pages, with an application, a record and a file tier to watch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/pages.h"
#include "exporter/world.h"
#include "tests/common/http/raw_server.h"
#include "tests/exporter/running_exporter.h"
#include "tests/support/powerdns_server.h"

namespace farshore {
namespace {

using test::wait_until;
using testing::HasSubstr;
using testing::Not;

std::string put_before(const std::string& mark, const std::string& added, std::string text) {
  return text.insert(text.find(mark), added);
}

Topology watched(const std::string& health_url, const std::string& nameserver, const std::string& marker) {
  const std::string lists = fmt::format(
      "    applications:\n      - {{name: api, region: us-east, health_url: \"{}\"}}\n"
      "      - {{name: api, region: eu-west, health_url: \"http://127.0.0.1:{}/\"}}\n"
      "    files:\n      - {{name: uploads, region: eu-west, marker: {}}}\n"
      "      - {{name: uploads, region: us-east, marker: {}}}\n",
      health_url, test::free_port(), marker, marker);
  const std::string traffic = fmt::format(
      "      - {{kind: powerdns, name: orders.farshore.test, type: A, zone: farshore.test, ttl: 5s, api_url: "
      "\"http://127.0.0.1:9\", api_key_file: /x, targets: {{us-east: 192.0.2.10, eu-west: 198.51.100.20}}, "
      "nameservers: [\"{}\"]}}\n",
      nameserver);
  const test::Servers servers = {{"p", "host=127.0.0.1 port=9 user=x dbname=x"},
                                 {"s", "host=127.0.0.2 port=9 user=x dbname=x"}};
  const auto topology = parse_topology(
      put_before("    fence:\n", lists, test::topology_yaml(servers)) + traffic, "farshore.yml");
  if (!topology) throw std::runtime_error(topology.error().message);
  return *topology;
}

TEST(WatchedExporter, ShowsApplicationsRecordsAndFilesInCleanMetrics) {
  const test::RawServer application(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\": \"ok\"}");
  test::PowerDnsOptions options;
  options.records = {{"orders", "A", "7", "192.0.2.10"}};
  const test::PowerDnsFixture dns(options);
  const test::TempDir folder;
  test::write_file(
      folder.file("marker"),
      "format=farshore-filesync/1\nresult=ok\nattempt_time=20\nsource_time=10\nfinished_time=20\nfiles=3\n"
      "bytes=9\nfailed_syncs=0\n");
  const auto world = World::make(watched(application.url(), dns.nameserver(), folder.file("marker")),
                                 "eu-west", system_clock());
  ASSERT_TRUE(world) << world.error().message;
  (*world)->start();
  const auto page = [&] { return render_metrics((*world)->view()); };
  const std::vector<std::string> expected = {
      "farshore_application_up{cluster=\"shop\",application=\"api\",region=\"us-east\",vantage=\"eu-west\"} "
      "1\n",
      "state=\"ok\"} 1\n",
      "farshore_application_failure{cluster=\"shop\",application=\"api\",region=\"eu-west\",vantage=\"eu-"
      "west\","
      "class=\"refused\"} 1\n",
      "farshore_dns_ttl_seconds{cluster=\"shop\",record=\"orders.farshore.test\",type=\"A\",nameserver=\"" +
          dns.nameserver() + "\",vantage=\"eu-west\"} 7\n",
      "farshore_dns_ttl_above_topology_seconds{cluster=\"shop\",record=\"orders.farshore.test\",type=\"A\",",
      "vantage=\"eu-west\",region=\"us-east\"} 1\n",
      "farshore_files_files{cluster=\"shop\",tier=\"uploads\",region=\"eu-west\",vantage=\"eu-west\"} 3\n"};
  for (const std::string& line : expected)
    EXPECT_TRUE(wait_until([&] { return page().find(line) != std::string::npos; })) << line << page();
  const std::string text = page();
  EXPECT_THAT(text, Not(HasSubstr("farshore_dns_matches_primary{"))) << "no primary was seen";
  EXPECT_THAT(text, Not(HasSubstr("tier=\"uploads\",region=\"us-east\""))) << "another region's files";

  test::write_file(folder.file("metrics"), text);
  const auto check = test::run_command({"sh", "-c", "promtool check metrics < " + folder.file("metrics")});
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_EQ(check.output, "");
}

}  // namespace
}  // namespace farshore

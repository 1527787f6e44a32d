// What fails around the disks.
#include "tests/exporter/failures/fixture.h"
#include "tests/support/small_disk.h"

namespace farshore::test {
namespace {

class Storage : public FailureTest {};
// Its WAL receiver cannot write what comes, which PostgreSQL takes for a reason
// to crash, again and again.
TEST_F(Storage, AStandbyWithoutRoomFallsBehindOrSilentAndNeverClaimsToBeLevel) {
  make_pair();
  standby->stop();
  if (!move_to_small_disk(*standby, "128m")) GTEST_SKIP() << "cannot mount a tmpfs here";
  standby->start();
  watch_pair();
  fill_disk(*standby);
  primary->sql(
      "CREATE TABLE big AS SELECT repeat('x', 1000) FROM "
      "generate_series(1, 60000)",
      60s);
  ASSERT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_up", {kS}) == 0 ||
           page.value("farshore_pg_wal_receiver_streaming", {kS}) == 0;
  })) << exporter->metrics();
  for (int time = 0; time < 20; ++time) {
    const Page page = scrape();
    expect_answers(kP);
    if (page.value("farshore_pg_up", {kS}) == 0) {
      EXPECT_EQ(page.names_with(kS), kOfSilence);
      EXPECT_EQ(page.set_to_one("farshore_pg_failure", "class", kS).size(), 1U);
    } else {
      EXPECT_GT(page.value("farshore_replication_lag_bytes", {kS}).value_or(1), 0);
      EXPECT_NE(page.value("farshore_replication_lag_seconds", {kS}), 0);
    }
  }
  standby->kill();
  expect_silent(kS, "refused");
  free_disk(*standby);
}

}  // namespace
}  // namespace farshore::test

// What fails around the disks: a slot that is lost, an archiver that cannot, a standby without room.
#include "tests/exporter/failures/fixture.h"
#include "tests/support/small_disk.h"

namespace farshore::test {
namespace {

const std::string kSlot = "slot=\"gone\"", kStandbyRow = "application_name=\"standby\"";

class Storage : public FailureTest {
 protected:
  // Finished WAL files, each with a commit in it.
  void finish_wal_files(int count) const {
    for (int file = 0; file < count; ++file) {
      write_some();
      primary->sql("SELECT pg_switch_wal()");
    }
  }
};

TEST_F(Storage, ALostSlotSaysSoAndKeepsNothingAndADroppedOneHasNoSeries) {
  primary = PostgresFixture::make_primary({.name = "primary",
                                           .port = 0,
                                           .settings = {"max_slot_wal_keep_size = 1MB", "wal_keep_size = 0"},
                                           .hba = {},
                                           .start = true});
  primary->sql("SELECT pg_create_physical_replication_slot('gone', true)");
  watch({{"p", primary->conninfo()}});
  ASSERT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_replication_slot_wal_status", {kP, kSlot, "status=\"reserved\""}) == 1;
  }));
  finish_wal_files(3);
  primary->sql("CHECKPOINT");
  ASSERT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_replication_slot_wal_status", {kP, kSlot, "status=\"lost\""}) == 1;
  })) << exporter->metrics();
  const Page page = scrape();
  EXPECT_THAT(page.set_to_one("farshore_pg_replication_slot_wal_status", "status", kSlot),
              testing::ElementsAre("lost"));
  EXPECT_EQ(page.value("farshore_pg_replication_slot_active", {kP, kSlot}), 0);
  EXPECT_EQ(page.value("farshore_pg_replication_slot_retained_wal_bytes", {kP, kSlot}), std::nullopt);
  EXPECT_EQ(page.value("farshore_pg_replication_slot_safe_wal_bytes", {kP, kSlot}), std::nullopt);
  expect_answers(kP);
  primary->sql("SELECT pg_drop_replication_slot('gone')");
  EXPECT_TRUE(wait_page([](const Page& now) { return now.names_with(kSlot).empty(); }));
}

TEST_F(Storage, AnArchiverThatFailsCountsItsFailuresAndNoSuccess) {
  primary = PostgresFixture::make_primary({.name = "primary",
                                           .port = 0,
                                           .settings = {"archive_mode = on", "archive_command = 'false'"},
                                           .hba = {},
                                           .start = true});
  watch({{"p", primary->conninfo()}});
  ASSERT_TRUE(
      wait_page([](const Page& page) { return page.value("farshore_pg_archiver_failed_total", {kP}) == 0; }));
  EXPECT_EQ(scrape().value("farshore_pg_archiver_last_failed_timestamp_seconds", {kP}), std::nullopt);
  finish_wal_files(1);
  ASSERT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_archiver_failed_total", {kP}).value_or(0) >= 1;
  }));
  const Page failing = scrape();
  EXPECT_TRUE(failing.value("farshore_pg_archiver_last_failed_timestamp_seconds", {kP}).has_value());
  EXPECT_EQ(failing.value("farshore_pg_archiver_archived_total", {kP}), 0);
  EXPECT_EQ(failing.value("farshore_pg_archiver_last_archived_timestamp_seconds", {kP}), std::nullopt);
  expect_answers(kP);
  primary->append_settings({"archive_command = 'true'"});
  primary->reload();
  ASSERT_TRUE(primary->wait_for_sql("SHOW archive_command", "true"));
  finish_wal_files(1);
  EXPECT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_archiver_last_archived_timestamp_seconds", {kP}).value_or(0) >
           page.value("farshore_pg_archiver_last_failed_timestamp_seconds", {kP}).value_or(1e12);
  }));
}

// Its WAL receiver cannot write what comes, which PostgreSQL takes for a reason to crash, again and again.
TEST_F(Storage, AStandbyWithoutRoomFallsBehindOrSilentAndNeverClaimsToBeLevel) {
  make_pair();
  standby->stop();
  if (!move_to_small_disk(*standby, "128m")) GTEST_SKIP() << "cannot mount a tmpfs here";
  standby->start();
  watch_pair();
  fill_disk(*standby);
  primary->sql("CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 60000)", 60s);
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
  // The primary knows of no standby any more, or of one that is behind.
  EXPECT_TRUE(wait_page([](const Page& page) {
    const auto flushed = page.value("farshore_pg_replication_flush_lsn_bytes", {kP, kStandbyRow});
    return !flushed || *flushed < page.value("farshore_pg_wal_flush_lsn_bytes", {kP}).value_or(0);
  }));
  standby->kill();
  expect_silent(kS, "refused");
  free_disk(*standby);
}

}  // namespace
}  // namespace farshore::test

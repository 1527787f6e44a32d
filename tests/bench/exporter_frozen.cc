// What a frozen server costs the exporter: a primary is stopped with SIGSTOP and the exporter scraped all the
// time.
//
//   build/dev/tests/bench/exporter_frozen [seconds=60]
//
// Prints one line of JSON: the time of a scrape before and while it is frozen, and sessions, sockets,
// threads, file descriptors and memory at both ends. Exits 1 when p99 is over 50 ms or anything grew.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/exporter/running_exporter.h"
#include "tests/support/postgres_server.h"

namespace farshore::test {
namespace {

constexpr double kP99LimitMs = 50;
constexpr double kMemorySlackBytes = 4 << 20;  // the allocator's own movements

struct Cost {
  double threads = 0, fds = 0, memory = 0;
  int sessions_on_living = 0;
  int sockets_to_frozen = 0;  // of the whole network namespace, in any state
};

int sockets_to(int port) {
  std::istringstream in(read_file("/proc/net/tcp"));
  const std::string remote = fmt::format("0100007F:{:04X}", port);
  int count = 0;
  for (std::string number, local, peer, rest; in >> number >> local >> peer && std::getline(in, rest);)
    if (peer == remote) ++count;
  return count;
}

Cost measure(const RunningExporter& exporter, const PostgresFixture& living, int frozen_port) {
  Cost cost;
  cost.threads = exporter.value("process_threads").value_or(-1);
  cost.fds = exporter.value("process_open_fds").value_or(-1);
  cost.memory = exporter.value("process_resident_memory_bytes").value_or(-1);
  cost.sessions_on_living = std::stoi(
      living.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'"));
  cost.sockets_to_frozen = sockets_to(frozen_port);
  return cost;
}

// Milliseconds of each scrape, sorted.
std::vector<double> scrape_for(const RunningExporter& exporter, nanoseconds duration) {
  Clock& clock = system_clock();
  std::vector<double> times;
  for (const BootTime end = clock.boot_now() + duration; clock.boot_now() < end; clock.sleep_for(10ms)) {
    const BootTime begin = clock.boot_now();
    if (exporter.get("/metrics").status != 200) throw std::runtime_error("a scrape failed");
    times.push_back(to_seconds(clock.boot_now() - begin) * 1000);
  }
  std::ranges::sort(times);
  return times;
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(share * static_cast<double>(sorted.size())))];
}

std::string to_json(const Cost& cost) {
  return fmt::format(
      R"({{"threads": {}, "fds": {}, "resident_bytes": {}, "sessions_on_living": {}, "sockets_to_frozen": {}}})",
      cost.threads, cost.fds, cost.memory, cost.sessions_on_living, cost.sockets_to_frozen);
}

int run(seconds duration) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  const RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  const std::vector<std::string> frozen = {"server=\"p\"", "class=\"timeout\""};
  if (!exporter.wait_value("farshore_pg_up", {"server=\"p\""}, 1) ||
      !exporter.wait_value("farshore_pg_up", {"server=\"s\""}, 1))
    throw std::runtime_error("the exporter sees no servers");
  const std::vector<double> healthy = scrape_for(exporter, 5s);
  primary->freeze();
  if (!exporter.wait_value("farshore_pg_failure", frozen, 1)) throw std::runtime_error("not seen as frozen");
  scrape_for(exporter, 2s);  // so that the first measure is of the frozen state, not of the way there
  const Cost start = measure(exporter, *standby, primary->port());
  const std::vector<double> times = scrape_for(exporter, duration);
  const Cost end = measure(exporter, *standby, primary->port());

  const bool grew = end.threads > start.threads || end.fds > start.fds + 1 ||
                    end.memory > start.memory + kMemorySlackBytes || end.sessions_on_living > 1 ||
                    end.sockets_to_frozen > start.sockets_to_frozen + 1;
  const double p99 = quantile(times, 0.99);
  fmt::print(R"({{"frozen_seconds": {}, "scrapes": {}, "healthy_p50_ms": {:.3f}, "healthy_p99_ms": {:.3f}, )"
             R"("p50_ms": {:.3f}, "p99_ms": {:.3f}, "max_ms": {:.3f}, "start": {}, "end": {}, "grew": {}}})"
             "\n",
             duration.count(), times.size(), quantile(healthy, 0.5), quantile(healthy, 0.99),
             quantile(times, 0.5), p99, times.back(), to_json(start), to_json(end), grew);
  return p99 <= kP99LimitMs && !grew ? 0 : 1;
}

}  // namespace
}  // namespace farshore::test

int main(int argc, char** argv) {
  const int duration = argc > 1 ? std::atoi(argv[1]) : 60;
  try {
    return farshore::test::run(std::chrono::seconds(std::max(1, duration)));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}

// How long a change by RFC 2136 takes from the call to the answer that clients would get, on loopback.
//
//   build/dev/tests/bench/rfc2136 [changes=20]
//
// Prints one line of JSON: for BIND, Knot and PowerDNS the median and the longest of the call (which reads,
// writes, and reads back) and of the first right answer, in milliseconds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/actuator/traffic/rfc2136/world.h"

namespace farshore {
namespace {

struct Times {
  std::vector<double> call, visible;
};

double median(std::vector<double>& times) {
  std::ranges::sort(times);
  return times.at(times.size() / 2);
}

Times measure(MakeUpdatable make, int changes) {
  Rfc2136World world(make);
  Clock& clock = system_clock();
  Times times;
  for (int i = 1; i <= changes; ++i) {
    const bool to_b = i % 2 == 1;
    const BootTime begin = clock.boot_now(), deadline = begin + 20s;
    const Status moved =
        world.traffic().point_to(to_b ? TrafficWorld::kRegionB : TrafficWorld::kRegionA, i, deadline);
    if (!moved) throw std::runtime_error(moved.error().message);
    times.call.push_back(to_seconds(clock.boot_now() - begin) * 1000);
    const char* target = to_b ? TrafficWorld::kTargetB : TrafficWorld::kTargetA;
    while (true) {
      const auto view = world.traffic().observed(deadline);
      if (view && view->all_answer_only(target)) break;
      if (clock.boot_now() >= deadline) throw std::runtime_error("the new answer does not come");
    }
    times.visible.push_back(to_seconds(clock.boot_now() - begin) * 1000);
  }
  return times;
}

int run(int changes) {
  std::string line;
  const std::pair<const char*, MakeUpdatable> servers[] = {
      {"bind", make_bind}, {"knot", make_knot}, {"powerdns", make_powerdns}};
  for (const auto& [name, make] : servers) {
    Times times = measure(make, changes);
    const double call = median(times.call), visible = median(times.visible);
    line += fmt::format(
        "{}\"{}\":{{\"call_ms\":{:.2f},\"call_max_ms\":{:.2f},\"visible_ms\":{:.2f},\"visible_max_ms\":{:.2f}"
        "}}",
        line.empty() ? "" : ",", name, call, times.call.back(), visible, times.visible.back());
  }
  std::printf("{\"changes\":%d,%s}\n", changes, line.c_str());
  return 0;
}

}  // namespace
}  // namespace farshore

int main(int argc, char** argv) {
  try {
    return farshore::run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 20);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rfc2136: %s\n", error.what());
    return 2;
  }
}

#include "common/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace farshore {
namespace {

// The fields of /proc/self/stat after the command's closing parenthesis; field 3 of proc(5) comes first.
std::vector<std::string> stat_fields() {
  std::ifstream in("/proc/self/stat");
  std::string text;
  std::getline(in, text);
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(text.substr(end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

std::optional<double> boot_time_seconds() {
  std::ifstream in("/proc/stat");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  return std::nullopt;
}

int64_t count_fds() {
  std::error_code error;
  const std::filesystem::directory_iterator folder("/proc/self/fd", error);
  if (error) return -1;
  return std::distance(begin(folder), end(folder)) - 1;  // without the one that reads the folder
}

}  // namespace

ProcessFacts read_process_facts() {
  ProcessFacts facts;
  const std::vector<std::string> fields = stat_fields();
  const auto number = [&](size_t field_of_proc5) { return std::stod(fields[field_of_proc5 - 3]); };
  if (fields.size() > 24 - 3) {
    const double tick = static_cast<double>(sysconf(_SC_CLK_TCK));
    facts.cpu_seconds = (number(14) + number(15)) / tick;
    facts.threads = static_cast<int64_t>(number(20));
    facts.virtual_bytes = static_cast<int64_t>(number(23));
    facts.resident_bytes = static_cast<int64_t>(number(24)) * sysconf(_SC_PAGESIZE);
    if (const auto boot = boot_time_seconds()) facts.start_time_seconds = *boot + number(22) / tick;
  }
  if (const int64_t fds = count_fds(); fds >= 0) facts.open_fds = fds;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.max_fds = static_cast<int64_t>(limit.rlim_cur);
  return facts;
}

MetricFamilies process_families(const ProcessFacts& process) {
  const std::optional<double> values[] = {process.cpu_seconds,    process.start_time_seconds,
                                          process.resident_bytes, process.virtual_bytes,
                                          process.open_fds,       process.max_fds,
                                          process.threads};
  MetricFamilies families;
  for (size_t i = 0; i < std::size(kProcessMetrics); ++i)
    if (values[i]) FamilyBuilder(kProcessMetrics[i]).add(*values[i]).append_to(families);
  return families;
}

}  // namespace farshore

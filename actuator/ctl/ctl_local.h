// The verbs that need no actuator.
#pragma once

#include <string>
#include <vector>

#include "actuator/ctl/ctl.h"

namespace farshore {

struct CheckConfig {
  const std::string* config_file;
  std::string file;  // wins over config_file when it is not empty
  bool print = false;
  bool live = false;
};
// With `live` also connects to everything the file names; one line per check, kExitFailure when one fails.
int check_config(const CheckConfig& options, bool json, const CtlEnvironment& environment);

int print_steps(bool markdown, bool json, const CtlEnvironment& environment);

struct Generate {
  std::string what;  // rules, prometheus, alertmanager, sql
  std::string region, rule_file, token_file, tls_folder, cluster, runbook_url;
  std::vector<std::string> thresholds;
  int64_t postgres_version = 15;
};
int print_generated(const std::string& config_file, const Generate& options,
                    const CtlEnvironment& environment);

}  // namespace farshore

// The fault table: what becomes of a switch and of a look when a record provider's API fails, for every fault
// of tests/fakes/http_faults.h. A provider's test gives its answers and what differs, and instantiates:
//
//   INSTANTIATE_TEST_SUITE_P(Linode, FaultTable, fault_rows(+[] { return make_answers(); }), fault_name);
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actuator/traffic/traffic_switch.h"
#include "common/topology/topology.h"
#include "tests/fakes/http_faults.h"

namespace farshore {

// What came of one fault at the first change (and a world without faults after it), and at every look.
struct FaultOutcome {
  std::optional<ErrorCode> move;  // nothing = it moved
  int changes = 1;                // sent to the provider
  ErrorCode look = ErrorCode::kUnavailable;
};

class ProviderAnswers {
 public:
  virtual ~ProviderAnswers() = default;
  virtual TrafficConfig config() = 0;                           // epoch_token: off; the token file must exist
  virtual std::string holding(const std::string& target) = 0;   // to a look
  virtual std::string accepted(const std::string& target) = 0;  // to a change
  virtual std::map<std::string, FaultOutcome> differs() { return {}; }
};

using MakeAnswers = std::unique_ptr<ProviderAnswers> (*)();

struct FaultRow {
  MakeAnswers make;
  size_t fault;
};

class FaultTable : public ::testing::TestWithParam<FaultRow> {};

inline auto fault_rows(MakeAnswers make) {
  std::vector<FaultRow> rows;
  for (size_t i = 0; i < http_faults().size(); ++i) rows.push_back({make, i});
  return ::testing::ValuesIn(rows);
}

inline std::string fault_name(const ::testing::TestParamInfo<FaultRow>& row) {
  return http_faults()[row.param.fault].name;
}

}  // namespace farshore

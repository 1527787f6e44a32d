#include "exporter/collectors/collector.h"

namespace farshore {

ServerFamily& ServerFamily::add(const ServerView& server, double value, const Labels& more) {
  const ServerObservation& seen = *server.observation;
  Labels labels = {{"cluster", seen.cluster},
                   {"region", seen.region},
                   {"server", seen.server},
                   {"vantage", view_.vantage}};
  labels.insert(labels.end(), more.begin(), more.end());
  FamilyBuilder::add(value, labels);
  return *this;
}

}  // namespace farshore

#include "exporter/watch/watchers.h"

#include <algorithm>

namespace farshore {
namespace {

template <typename List>
bool all_looked_at(const std::shared_ptr<const List>& list) {
  return !list || std::ranges::all_of(*list, [](const auto& one) { return one.finished.has_value(); });
}

}  // namespace

bool WatchView::is_complete() const {
  return all_looked_at(applications) && all_looked_at(records) && all_looked_at(files);
}

Watchers::Watchers(const Topology& topology, const std::string& vantage, Clock& clock)
    : clock_(clock),
      settings_(WatchSettings::of(topology.observe)),
      applications_(topology, settings_, clock),
      records_(topology, settings_, clock),
      files_(topology, vantage, settings_, clock) {}

void Watchers::take_over(const Watchers& previous) {
  applications_.take_over(*previous.applications_.list());
  records_.take_over(*previous.records_.list());
  files_.take_over(*previous.files_.list());
}

void Watchers::start() {
  applications_.start();
  records_.start();
  files_.start();
}

void Watchers::stop() {
  applications_.stop();
  records_.stop();
  files_.stop();
}

WatchView Watchers::view() const {
  WatchView view;
  view.applications = applications_.list();
  view.records = records_.list();
  view.files = files_.list();
  view.now = clock_.boot_now();  // after the lists, so that nothing in them is from later
  view.wall_now = clock_.wall_now();
  view.limit = settings_.limit();
  return view;
}

}  // namespace farshore

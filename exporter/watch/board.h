// Where a watcher puts what it saw and scrapes take it from: a list of observations that is never changed
// once handed out.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace farshore {

// Thread-safe.
template <typename Observation>
class Board {
 public:
  using List = std::vector<Observation>;

  explicit Board(List first) : list_(std::make_shared<const List>(std::move(first))) {}

  std::shared_ptr<const List> list() const {
    const std::lock_guard lock(mutex_);
    return list_;
  }

  // Entries of `previous` that are about the same thing come in place of what was not looked at yet.
  template <typename IsSame>
  void take_over(const List& previous, const IsSame& is_same) {
    const std::lock_guard lock(mutex_);
    auto changed = std::make_shared<List>(*list_);
    for (Observation& entry : *changed)
      for (const Observation& old : previous)
        if (is_same(entry, old)) entry = old;
    list_ = std::move(changed);
  }

  void put(size_t index, Observation observation) {
    const std::lock_guard lock(mutex_);
    auto changed = std::make_shared<List>(*list_);
    (*changed)[index] = std::move(observation);
    list_ = std::move(changed);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_;
};

}  // namespace farshore

#include "common/postgres/name_resolver.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>

#include "tests/support/child_process.h"

namespace farshore {
namespace {

using Addresses = std::vector<std::string>;
using test::wait_until;

// A resolver function that blocks until it is told to go on.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::atomic<int> calls{0};

  Result<Addresses> operator()(const std::string& name) {
    ++calls;
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
    return Addresses{"addr-of-" + name};
  }
  void let_go() {
    const std::scoped_lock lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST(NameResolver, AsksOnceForANameThatHangsAndUsesAtMostFourThreads) {
  const auto gate = std::make_shared<Gate>();
  std::atomic<int> done{0};
  NameResolver resolver([gate](const std::string& name) { return (*gate)(name); }, [&] { ++done; });
  std::vector<std::shared_ptr<const NameLookup>> lookups;
  for (int round = 0; round < 5; ++round)
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) lookups.push_back(resolver.look_up(name));
  ASSERT_TRUE(wait_until([&] { return gate->calls == 4; }));
  EXPECT_EQ(lookups[0], lookups[6]);
  EXPECT_FALSE(lookups[0]->result());
  gate->let_go();
  ASSERT_TRUE(wait_until([&] { return done == 6; }));
  EXPECT_EQ(gate->calls, 6);
  EXPECT_EQ(**lookups[5]->result(), Addresses{"addr-of-f"});
}

TEST(NameResolver, WaitingEndsAtTheDeadline) {
  const auto gate = std::make_shared<Gate>();
  NameResolver resolver([gate](const std::string& name) { return (*gate)(name); });
  const auto lookup = resolver.look_up("a");
  EXPECT_FALSE(lookup->wait(system_clock().boot_now() + 20ms, system_clock()));
  gate->let_go();
  const auto result = lookup->wait(system_clock().boot_now() + 10s, system_clock());
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(**result, Addresses{"addr-of-a"});
}

// A host that has no thread left, as far as new ones of this process are concerned.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t impossible;
    pthread_attr_init(&impossible);
    pthread_attr_setstacksize(&impossible, size_t{1} << 47);
    if (pthread_setattr_default_np(&impossible) != 0) throw std::runtime_error("the limit cannot be set");
    pthread_attr_destroy(&impossible);
  }
  ~NoMoreThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

TEST(NameResolver, WithoutAThreadALookUpFailsAndTheNextOneIsTriedAgain) {
  NameResolver resolver([](const std::string& name) { return Addresses{"addr-of-" + name}; });
  {
    const NoMoreThreads limit;
    const auto failed = resolver.look_up("a")->result();
    ASSERT_TRUE(failed) << "nobody would ever finish it";
    ASSERT_FALSE(*failed);
    EXPECT_EQ(failed->error().code, ErrorCode::kUnavailable);
  }
  const auto result = resolver.look_up("a")->wait(system_clock().boot_now() + 10s, system_clock());
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(**result, Addresses{"addr-of-a"});
}

TEST(NameResolver, WithoutAnotherThreadTheOneThatWorksComesToEveryName) {
  const auto gate = std::make_shared<Gate>();
  NameResolver resolver([gate](const std::string& name) { return (*gate)(name); });
  const auto first = resolver.look_up("a");
  const NoMoreThreads limit;
  const auto second = resolver.look_up("b");
  EXPECT_FALSE(second->result());
  gate->let_go();
  const auto result = second->wait(system_clock().boot_now() + 10s, system_clock());
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(**result, Addresses{"addr-of-b"});
}

TEST(NameResolver, TheSystemKnowsLocalhost) {
  const Result<Addresses> addresses = resolve_with_system("localhost");
  ASSERT_TRUE(addresses) << addresses.error().message;
  EXPECT_FALSE(addresses->empty());
}

}  // namespace
}  // namespace farshore

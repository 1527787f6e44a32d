// A whole world in one process: servers that write, stream, fence, promote and die, observers, Prometheus
// servers and name servers, on a clock moved by hand. It checks the invariants S1-S4 and S7 at the very calls
// they are about, and can stop the process under test before or after any effect.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "actuator/failover/cluster_worker.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_journal.h"

namespace farshore::simulation {

// Thrown where the process dies; caught by the test, which throws the worker away and makes a new one.
struct ProcessDied {};

// Thrown by a seam that does not answer for so long, to the one that runs it aside (Parallel).
struct Hangs {
  nanoseconds limit;
};

struct SimServer {
  std::string name, region;
  bool running = true;   // PostgreSQL answers to whoever reaches it
  bool cut_off = false;  // its region is partitioned: it goes on writing, nobody else hears it
  bool fenced = false;   // powered off for good
  bool sick = false;     // answers, and commits nothing
  bool in_recovery = true;
  uint32_t timeline = 1;
  std::string system_identifier = "7710890441538039360";
  Lsn lsn{0x3000000};  // flush of a primary, received and replayed of a standby
  Lsn replay{0x3000000};
  bool replay_paused = false;
  nanoseconds apply_delay{0};
  int max_connections = 100;  // lower than the primary's: replay is paused, and a resume stops the server
  // Of a primary whose fence keeps it from writing and lets sessions live; absent: fenced, it is silent.
  std::optional<int64_t> sessions_behind_fence;
  std::string blockers;         // sessions of superusers that replay waits for
  std::string standby_names;    // synchronous_standby_names
  std::string slot_name;        // of a standby
  std::set<std::string> slots;  // of a primary
  std::string primary_conninfo, restore_command;
  std::vector<EpochRow> rows;
  std::optional<BootTime> last_message;  // of its WAL receiver
  std::optional<BootTime> promoting_since;
  std::vector<std::string> missing_privileges;
};

// What makes a call fail. Probabilities in percent, drawn from the world's seed.
struct Weather {
  int lost_reply = 0;  // it took effect, and the answer is lost
  int refused = 0;     // it did not take effect
};

class World {
 public:
  // `cascade`: a fourth server, shop-ap2, streams from shop-ap.
  explicit World(uint64_t seed = 1, bool cascade = false);
  ~World();

  // ---- what a test does to the world ----
  void lose_primary() { server("shop-us").running = false; }
  void cut_off_primary() { server("shop-us").cut_off = true; }
  void heal_primary();
  // Somebody starts the old primary again, fenced or not, as the primary it was.
  void return_primary();
  SimServer& server(const std::string& name);
  void deliver_alert(int64_t epoch = 1);  // a webhook, journaled as the HTTP handler would
  void restart_process();                 // new worker, new observer without memory, the same journal
  // Ticks until the run is over, `limit` of simulated time at most; a death of the process restarts it.
  void run_for(nanoseconds limit);
  void tick();  // one tick; a death of the process restarts it

  // Dies at the nth point (each effect has two: before and after it); 0 = never. Counts from now on.
  void die_at(size_t point) {
    die_at_ = point;
    points_ = 0;
  }
  // The same, but something else happens there, and the process lives.
  void happen_at(size_t point, std::function<void()> what) {
    die_at_ = 0;
    happen_at_ = point;
    what_ = std::move(what);
    points_ = 0;
  }
  size_t points() const { return points_; }
  size_t deaths() const { return deaths_; }

  static std::string target_of(const std::string& region);
  std::optional<RunRecord> last_run();
  RunFacts last_facts();
  const std::vector<std::string>& violations() const { return violations_; }
  // S2, S5 and S6 over the whole history: call when the world is at rest.
  void check_the_end();

  FakeClock clock;
  MemoryJournal journal;
  ClusterConfig config;
  Weather weather;
  std::mt19937_64 random;
  std::unique_ptr<ClusterWorker> worker;
  std::vector<std::string> promotions;                 // "<server>@<epoch in force>" as pg_promote was called
  std::string dns = "192.0.2.10";                      // what the name servers answer
  bool dns_works = true;                               // the provider's API
  ErrorCode dns_fails_with = ErrorCode::kUnavailable;  // what a switch is answered while it does not work
  nanoseconds dns_publishes_in{0}, dns_settles_within{0};
  int64_t dns_token = 1;
  bool dns_token_works = true;
  int dns_asked = 0;  // calls of the provider's API
  LookPace dns_pace;
  int dns_looks = 0;  // of clients' view
  bool fence_works = true;
  TrafficReceipt receipt;  // of the record
  bool with_fence = true;
  int fence_refuses = 0;           // so many times it is busy first
  nanoseconds power_off_takes{0};  // from when it is asked; the fence says that it may take twice as long
  int wavering_looks = 0;  // so many looks after its first proof it does not prove, each for a second,
  FenceState wavers_to = FenceState::kUnknown;  // but says this
  std::vector<Fence*> further_fences;           // of shop-us; take effect with restart_process()
  std::vector<TrafficSwitch*> further_records;  // take effect with restart_process() too
  bool approved_without_proof = false;
  bool hooks_work = true;
  std::map<std::string, std::string> clients;  // hook -> the primary that its clients were told of
  std::vector<std::string> hook_acts;          // "<hook>@<epoch>" as each act began
  int prometheus_alive = 3;
  std::vector<Event> told;

 private:
  class View;
  class Votes;
  class Server;
  class PowerFence;
  class Traffic;
  class Hooking;
  class Inline;
  class Told;
  friend class Server;

  void move();  // the world catches up with the clock
  void stream(SimServer& standby, SimServer& primary, nanoseconds elapsed);
  bool reachable(const SimServer& server) const {
    return server.running && !server.cut_off && !server.fenced;
  }
  bool writable(const SimServer& server) const {
    return server.running && !server.fenced && !server.in_recovery;
  }
  void point();  // a place where the process may die
  // The effect between two such places; says what the caller hears.
  Status effect(const std::function<Status()>& happen);
  void publish(const std::string& target);  // at once, or in a while
  bool reigns_proven(const std::string& region, int64_t epoch) const;
  void violated(const std::string& what) { violations_.push_back(what); }
  void build_worker();

  BootTime moved_to_, next_look_, lost_since_{};
  std::map<std::string, ServerObservation> seen_;
  std::vector<WalPoint> history_;
  std::optional<BootTime> proof_read_at_;
  std::optional<BootTime> returned_at_, off_at_;
  std::optional<std::pair<std::string, BootTime>> to_publish_;
  size_t happen_at_ = 0;
  std::function<void()> what_;
  size_t die_at_ = 0, points_ = 0, deaths_ = 0;
  std::vector<std::string> violations_;
  std::map<int64_t, std::string> rows_by_epoch_;
  int alerts_ = 0;

  std::unique_ptr<View> view_;
  std::unique_ptr<Votes> votes_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::unique_ptr<PowerFence> fence_;
  std::unique_ptr<Traffic> traffic_;
  std::unique_ptr<Hooking> hooking_;
  std::unique_ptr<Inline> inline_;
  std::unique_ptr<Told> told_;
  std::vector<SimServer> state_;
};

}  // namespace farshore::simulation

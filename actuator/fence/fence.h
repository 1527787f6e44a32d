// A way to keep a server from writing, and the proof that it cannot. Accepted is never proof: isolate() only
// asks, proof() looks. A provider is one file, one row in registry.cc, one test, one example.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

enum class FenceState { kIsolated, kNotIsolated, kUnknown };

struct FenceProof {
  FenceState state = FenceState::kUnknown;
  std::string grade;     // "power", "guard stopped", "command", ...: how strong the proof is, for people
  std::string evidence;  // what was seen, for the journal
  BootTime read_at;      // when the look began
};

// One per fenced server. Thread-safe. Never throws.
class Fence {
 public:
  virtual ~Fence() = default;
  virtual const std::string& server() const = 0;
  virtual std::string grade() const = 0;
  // Asks for isolation. Safe to repeat. Errors: kUnavailable, kTimeout, kUnknown, kPermission; those of
  // configuration too.
  virtual Status isolate(BootTime deadline) = 0;
  // Looks. A look that fails is kUnknown with the reason as evidence.
  virtual FenceProof proof(BootTime deadline) = 0;
  // How long after it was asked the proof may take to come; who waits for it waits that long.
  virtual nanoseconds settles_within() const { return 0ns; }
  // Undoes isolate, for a server that may join again. Asks only, as isolate does; what it asked for is seen
  // in proof(). Of a fence that cannot: kInvalidArgument.
  virtual Status release(BootTime) {
    return fail(ErrorCode::kInvalidArgument, "the {} fence of {} is undone by hand", grade(), server());
  }
};

}  // namespace farshore

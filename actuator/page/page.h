// The status page of the actuator, for people with a browser: state, runs and history, and for operators what
// they can do about them. Same powers as the API, through the same Control, journaled with the same names.
//
// Reading needs the role viewer or operator, acting the role operator. Who has them signs in with the
// credentials of the access file and gets a session (sessions.h); a form acts only with the token of its
// session in it, and an approval only with the digest of the facts that were shown.
#pragma once

#include <memory>
#include <vector>

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "common/base/clock.h"
#include "common/http/server.h"

namespace farshore {

// Referred to and must outlive the page.
struct PageDeps {
  Journal& journal;
  Control& control;
  Clock& clock;
  std::shared_ptr<const Authenticator> authenticator;
};

// Thread-safe.
class StatusPage {
 public:
  explicit StatusPage(PageDeps deps);
  ~StatusPage();

  // GET /, /runs/{id}, /clusters/{cluster}, /latch; POST /sign-in, /sign-out, /unlatch,
  // /runs/{id}/approve|retry|abandon, /clusters/{cluster}/pause|resume. They share the page, so they may
  // outlive this object.
  std::vector<Route> routes() const;
  int64_t failed_sign_ins() const;  // since the start

 private:
  class Handlers;
  std::shared_ptr<Handlers> handlers_;
};

}  // namespace farshore

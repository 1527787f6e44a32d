#include "actuator/page/page.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "actuator/failover/permits.h"
#include "actuator/journal/journal_rules.h"
#include "actuator/page/document.h"
#include "actuator/page/form.h"
#include "actuator/page/parts.h"
#include "actuator/page/run_page.h"
#include "actuator/page/sessions.h"
#include "common/base/log.h"
#include "common/http/router.h"

namespace farshore {
namespace {

constexpr std::string_view kCookie = "farshore_session";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr size_t kMaxForm = size_t{8} << 10;
constexpr size_t kMaxReason = 500;
constexpr size_t kRunsShown = 20;
constexpr size_t kActionsShown = 10;

std::string header(const ServerRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

// A path of ours that only shows something; anything else becomes the status page.
std::string safe_next(const std::string& next) {
  if (next == "/latch") return next;
  for (const std::string_view folder : {"/runs/", "/clusters/"})
    if (next.starts_with(folder) && is_plain_name(next.substr(folder.size()))) return next;
  return "/";
}

// Lax, not Strict: a link in an alert must lead to the page and not to a sign-in form. Every effect needs a
// POST, which gets no cookie from elsewhere, and the token of the session.
std::string cookie(const std::string& value, nanoseconds lifetime, const ServerRequest& request) {
  const bool tls = header(request, "x-forwarded-proto") == "https";  // said by the proxy in front
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", kCookie, value,
                     static_cast<int64_t>(to_seconds(lifetime)), tls ? "; Secure" : "");
}

bool comes_from_elsewhere(const ServerRequest& request) {
  const std::string site = header(request, "sec-fetch-site");
  return site == "cross-site" || site == "same-site";
}

ServerReply plain_page(const Session* session, int status, const std::string& title,
                       const std::string& text) {
  Html html;
  html.add("<h1>{}</h1><p>{}</p><p><a id=\"back\" href=\"/\">Back to the state of the clusters</a></p>",
           title, text);
  return document({title + " - Farshore", session}, html, status);
}

ServerReply sign_in_reply(const std::string& next, const std::string& complaint, int status) {
  return document({"Sign in - Farshore"}, sign_in_page(next, complaint), status);
}

}  // namespace

class StatusPage::Handlers {
 public:
  explicit Handlers(PageDeps deps) : deps_(std::move(deps)), sessions_(deps_.clock), limit_(deps_.clock) {}

  int64_t failed_sign_ins() { return limit_.failures(); }

  // ---- reading ----

  ServerReply status(const ServerRequest&, const Session& session) {
    PageState state;
    state.now = deps_.clock.wall_now();
    state.boot_now = deps_.clock.boot_now();
    state.clusters = deps_.control.status();
    state.may_act = session.may_act();
    for (const ClusterStatus& cluster : state.clusters)
      if (cluster.open_run)
        if (auto steps = deps_.journal.steps(cluster.open_run->id))
          state.steps[cluster.open_run->id] = std::move(*steps);
    if (auto runs = deps_.journal.runs(kRunsShown))
      state.runs = std::move(*runs);
    else
      state.journal_error = runs.error().message;
    if (auto actions = deps_.journal.recent_actions(kActionsShown)) state.actions = std::move(*actions);
    return document({page_title(state), &session, true}, status_page(state));
  }

  ServerReply run(const ServerRequest& request, const Session& session) {
    const auto run = deps_.journal.run(request.path_parameters.at("id"));
    if (!run) return failed(session, run.error());
    auto steps = deps_.journal.steps(run->id);
    if (!steps) return failed(session, steps.error());
    RunView view{deps_.clock.wall_now(), *run, std::move(*steps), ""};
    for (const ClusterStatus& cluster : deps_.control.status())
      if (cluster.open_run && cluster.open_run->id == run->id) view.approval_digest = cluster.approval_digest;
    const std::string title = fmt::format("Run {} {} - Farshore", run->id, to_string(run->state));
    return document({title, &session, run->state == RunState::kRunning}, run_page(view, session));
  }

  ServerReply cluster(const ServerRequest& request, const Session& session) {
    const std::string& name = request.path_parameters.at("cluster");
    if (!session.may_act())
      return plain_page(&session, 403, "Not allowed", "Only an operator can pause or resume a cluster.");
    for (const ClusterStatus& cluster : deps_.control.status())
      if (cluster.cluster == name)
        return document({name + " - Farshore", &session}, cluster_page(cluster, session));
    return plain_page(&session, 404, "Not found", fmt::format("There is no cluster '{}'.", name));
  }

  ServerReply latch(const ServerRequest&, const Session& session) {
    if (!session.may_act()) return plain_page(&session, 403, "Not allowed", "Only an operator can clear it.");
    const auto latched = deps_.journal.latched();
    if (!latched) return failed(session, latched.error());
    return document({"The latch - Farshore", &session}, latch_page(*latched, session));
  }

  // Whoever is not signed in gets the form instead.
  using Reading = ServerReply (Handlers::*)(const ServerRequest&, const Session&);
  ServerReply read(Reading reading, const ServerRequest& request) {
    const auto session = sessions_.find(secret_of(request));
    return session ? (this->*reading)(request, *session) : sign_in_reply(safe_next(request.path), "", 200);
  }

  // ---- signing in and out ----

  ServerReply sign_in(const ServerRequest& request) {
    if (comes_from_elsewhere(request)) return sign_in_reply("/", "Sign in here, not from another page.", 403);
    const auto form = parse_form(request.body);
    if (!form) return sign_in_reply("/", form.error().message, 400);
    const std::string next = safe_next(field(*form, "next")), name = field(*form, "name");
    if (name.size() > 63) return sign_in_reply(next, "That name is too long.", 400);
    if (const nanoseconds wait = limit_.wait(request.remote_address, name); wait > 0ns) {
      auto reply = sign_in_reply(next, "Too many wrong passwords: wait a minute, then try again.", 429);
      reply.headers["Retry-After"] = std::to_string(static_cast<int64_t>(to_seconds(wait)) + 1);
      return reply;
    }
    const auto principal = deps_.authenticator->log_in(name, field(*form, "secret"));
    if (!principal) return refused_sign_in(request, next, name, principal.error());
    limit_.succeeded(request.remote_address, name);
    if (principal->roles.count(Role::kViewer) + principal->roles.count(Role::kOperator) == 0)
      return sign_in_reply(next,
                           "These credentials are right, but not for this page: it needs the role viewer or "
                           "operator in the access file.",
                           403);
    const auto secret = sessions_.begin(*principal);
    if (!secret) return sign_in_reply(next, secret.error().message, 503);
    log_info("signed in", {{"principal", principal->name}, {"from", request.remote_address}});
    auto reply = see_other(next);
    reply.headers["Set-Cookie"] = cookie(*secret, Sessions::kLifetime, request);
    return reply;
  }

  ServerReply sign_out(const ServerRequest& request, const Session&, const Fields&) {
    sessions_.end(secret_of(request));
    auto reply = see_other("/");
    reply.headers["Set-Cookie"] = cookie("", 0ns, request);
    return reply;
  }

  // ---- acting ----

  ServerReply pause(const ServerRequest& request, const Session& session, const Fields& form) {
    const std::string& name = request.path_parameters.at("cluster");
    const std::string reason = field(form, "reason");
    if (reason.empty() || reason.size() > kMaxReason)
      return told(request,
                  fail(ErrorCode::kInvalidArgument, "a pause needs a reason of 1 to {} bytes", kMaxReason),
                  "", "/clusters/" + name);
    return told(request, deps_.control.pause(name, session.principal.name, reason), name + " is paused.",
                "/clusters/" + name);
  }

  ServerReply resume(const ServerRequest& request, const Session& session, const Fields&) {
    const std::string& name = request.path_parameters.at("cluster");
    return told(request, deps_.control.resume(name, session.principal.name), name + " is resumed.",
                "/clusters/" + name);
  }

  ServerReply unlatch(const ServerRequest& request, const Session& session, const Fields&) {
    return told(request, deps_.control.unlatch(session.principal.name),
                "The latch is cleared, for every cluster.", "/latch");
  }

  ServerReply approve(const ServerRequest& request, const Session& session, const Fields& form) {
    const std::string& id = request.path_parameters.at("id");
    const auto done = [&]() -> Status {
      if (field(form, "sure") != "yes") {
        const auto steps = deps_.journal.steps(id);
        if (!steps) return tl::unexpected(steps.error());
        const RunFacts facts = merge_facts(*steps);
        const auto needs = facts.find("needs");
        if (needs != facts.end() && permits_without_proof(needs->second))
          return fail(ErrorCode::kInvalidArgument,
                      "not approved: say first that you know that the old primary cannot write");
      }
      return deps_.control.approve(id, session.principal.name, field(form, "digest"));
    };
    return told(request, done(),
                fmt::format("Run {} is approved: it starts again with new observations.", id), "/runs/" + id);
  }

  ServerReply retry(const ServerRequest& request, const Session& session, const Fields&) {
    const std::string& id = request.path_parameters.at("id");
    return told(request, deps_.control.retry(id, session.principal.name),
                fmt::format("Run {} starts again with new observations.", id), "/runs/" + id);
  }

  ServerReply abandon(const ServerRequest& request, const Session& session, const Fields&) {
    const std::string& id = request.path_parameters.at("id");
    return told(request, deps_.control.abandon(id, session.principal.name),
                fmt::format("Run {} is abandoned.", id), "/runs/" + id);
  }

  // A form does something only for a session, with that session's token in it; and whatever has an effect on
  // a cluster only for an operator.
  using Acting = ServerReply (Handlers::*)(const ServerRequest&, const Session&, const Fields&);
  ServerReply act(Acting acting, bool for_operators, const ServerRequest& request) {
    const auto session = sessions_.find(secret_of(request));
    if (!session) return sign_in_reply("/", "Nothing was done: you are not signed in any more.", 403);
    const auto form = parse_form(request.body);
    if (!form) return plain_page(&*session, 400, "Nothing was done", form.error().message);
    if (comes_from_elsewhere(request) || !same_text(field(*form, "csrf"), session->csrf))
      return plain_page(&*session, 403, "Nothing was done",
                        "The form was not made for this session. Load the page again and repeat it.");
    if (for_operators && !session->may_act())
      return plain_page(&*session, 403, "Nothing was done", "Only an operator can do that.");
    return (this->*acting)(request, *session, *form);
  }

 private:
  static std::string secret_of(const ServerRequest& request) {
    return find_cookie(header(request, "cookie"), kCookie).value_or("");
  }

  static ServerReply failed(const Session& session, const Error& error) {
    const bool absent = error.code == ErrorCode::kNotFound;
    return plain_page(&session, absent ? 404 : 503, absent ? "Not found" : "Not readable now", error.message);
  }

  ServerReply refused_sign_in(const ServerRequest& request, const std::string& next, const std::string& name,
                              const Error& error) {
    if (error.code == ErrorCode::kUnavailable)
      return sign_in_reply(next, "Too many passwords are being checked: try again in a moment.", 503);
    limit_.failed(request.remote_address, name);
    // Not the name: people type their password there.
    log_warn("a sign-in failed", {{"from", request.remote_address}});
    return sign_in_reply(next, "That name and password are not known.", 403);
  }

  // Says what became of it on the page that comes next, so that loading that one again repeats nothing.
  ServerReply told(const ServerRequest& request, const Status& done, const std::string& text,
                   const std::string& back) {
    std::string message = done ? text : "Nothing was done: " + done.error().message + ".";
    sessions_.tell(secret_of(request), std::move(message), !done);
    return see_other(done ? "/" : back);
  }

  const PageDeps deps_;
  Sessions sessions_;
  SignInLimit limit_;
};

StatusPage::StatusPage(PageDeps deps) : handlers_(std::make_shared<Handlers>(std::move(deps))) {}
StatusPage::~StatusPage() = default;

int64_t StatusPage::failed_sign_ins() const { return handlers_->failed_sign_ins(); }

std::vector<Route> StatusPage::routes() const {
  const auto reading = [page = handlers_](const std::string& path, Handlers::Reading member) {
    return Route{"GET", path,
                 [page, member](const ServerRequest& request) { return page->read(member, request); }};
  };
  const auto form = [](const std::string& path, Handler handler) {
    return Route{"POST", path, std::move(handler), {}, kMaxForm, std::string(kFormType), {}};
  };
  const auto acting = [page = handlers_, &form](const std::string& path, Handlers::Acting member,
                                                bool for_operators = true) {
    return form(path, [page, member, for_operators](const ServerRequest& request) {
      return page->act(member, for_operators, request);
    });
  };
  return {
      reading("/", &Handlers::status),
      reading("/runs/{id}", &Handlers::run),
      reading("/clusters/{cluster}", &Handlers::cluster),
      reading("/latch", &Handlers::latch),
      form("/sign-in", [page = handlers_](const ServerRequest& request) { return page->sign_in(request); }),
      acting("/sign-out", &Handlers::sign_out, false),
      acting("/clusters/{cluster}/pause", &Handlers::pause),
      acting("/clusters/{cluster}/resume", &Handlers::resume),
      acting("/unlatch", &Handlers::unlatch),
      acting("/runs/{id}/approve", &Handlers::approve),
      acting("/runs/{id}/retry", &Handlers::retry),
      acting("/runs/{id}/abandon", &Handlers::abandon),
  };
}

}  // namespace farshore

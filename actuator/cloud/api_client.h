// A provider's HTTP API under one discipline, so that no provider invents its own:
//
//   * A look (GET) is repeated while there is time and the next answer may be better. It is never kUnknown.
//   * A change is repeated after an answer that says it was not acted on (rate limit, busy). When it may have
//     been, it is kUnknown, and the caller reads before anything else.
//   * 408, 503 and a front's page say "later" and not that nothing was done: whoever answers may have passed
//     it on before. A change that leaves the same behind when it is done twice (IfDoneTwice) is repeated
//     then; a POST that makes something is kUnknown.
//   * Retry-After is obeyed within 0..60 s (a negative one has been seen), a rate limit that is used up too,
//   by
//     whoever asks next as well; a wait that would pass the deadline is not begun. Otherwise back-off with
//     full jitter, 0.1 to 8 s.
//   * The secret is read from its file for each request and stands in no message.
//   * Bodies are bounded, redirects refused, one deadline covers all (common/http/client.h).
//
// What an answer means differs by provider: ApiDialect. docs/providers.md lists what was tested.
#pragma once

#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "common/base/clock.h"
#include "common/http/client.h"
#include "common/topology/topology.h"

namespace farshore {

enum class Meaning {
  kDone,
  kTryAgain,    // it says that nothing was done, and that this may change
  kLater,       // it says no more than that this may change
  kUnsure,      // it may have been done
  kPermission,  // token or scope
  kNotFound,
  kConflict,  // another value than expected, or another writer
  kInvalid,   // trying again cannot help
};

// What a caller is told of an answer that is no success.
ErrorCode code_of(Meaning meaning);

struct Judgement {
  Meaning meaning = Meaning::kInvalid;
  std::string why;  // one printable line of the provider's words; may be empty
};

class ApiDialect {
 public:
  virtual ~ApiDialect() = default;
  virtual std::string provider() const = 0;  // for messages: "Linode"
  // The secret as it stands in its file. The default is one line.
  virtual Result<std::string> read_secret(const std::string& file) const;
  // Puts the secret where the provider wants it. The default is "Authorization: Bearer".
  virtual Status authorize(HttpRequest& request, const std::string& secret) const;
  // Of any answer. The default goes by the status alone (judge_status) and shows errors as one_line() does.
  virtual Judgement judge(const HttpResponse& response) const;
  // The header in which the provider names the request, in lower case.
  virtual std::string request_id_header() const { return "x-request-id"; }
};

// 2xx done; 429 try again; 408 503 later; other 5xx and everything below 400 unsure; 401 403 permission; 404
// not found; 409 conflict; the rest invalid (501 too).
Meaning judge_status(int status);

// At most 160 printable characters of the first line; empty for a page of HTML.
std::string one_line(std::string_view text);

// What is left behind by a change that the provider takes twice.
enum class IfDoneTwice {
  kByMethod,  // PUT, PATCH and DELETE of all kinds name the whole of what shall be: the same. A POST: two.
  kTheSame,   // also of this POST: the provider's kind knows why
};

struct ApiSettings {
  std::string base_url;    // without a final slash
  std::string token_file;  // of one duty only
  std::string ca_file = {}, proxy = {};
  nanoseconds timeout = 5s;  // of one request
};

// From the fields api_url, token_file, ca_file, proxy of a provider's configuration.
ApiSettings api_settings(const ProviderConfig& provider, nanoseconds timeout);

// Thread-safe. `dialect` must outlive it.
class ApiClient {
 public:
  ApiClient(HttpClient& http, Clock& clock, ApiSettings settings, const ApiDialect& dialect);

  // `path` begins with a slash and holds the query; the caller has encoded it.
  // Errors: kUnavailable, kTimeout, kPermission, kNotFound, kConflict, kInvalidArgument.
  Result<HttpResponse> look(const std::string& path, BootTime deadline,
                            const std::map<std::string, std::string>& headers = {});
  // The same, and kUnknown.
  Result<HttpResponse> change(const std::string& method, const std::string& path, const std::string& body,
                              BootTime deadline, IfDoneTwice twice = IfDoneTwice::kByMethod,
                              const std::string& content_type = "application/json");

  // The provider's name of the last change, whatever its answer was, for the journal; empty when it gave
  // none.
  std::string last_request_id() const;

 private:
  struct Attempt;
  enum class Effect { kNone, kOnce, kTheSame };  // of what is sent, when it is sent twice
  Result<HttpResponse> send(const HttpRequest& request, Effect effect, BootTime deadline);
  Attempt try_once(HttpRequest request, BootTime deadline);
  nanoseconds pause_after(const std::optional<HttpResponse>& response, int attempts);
  bool wait(nanoseconds pause, BootTime deadline);
  void remember(const Attempt& attempt, bool changes);

  HttpClient& http_;
  Clock& clock_;
  const ApiSettings settings_;
  const ApiDialect& dialect_;
  mutable std::mutex mutex_;
  std::minstd_rand random_;
  std::string last_request_id_;
  BootTime not_before_{};  // a used-up rate limit, a Retry-After
};

// How long the provider asks to wait: Retry-After in seconds or as a date, clamped to 0..60 s. Absent without
// it.
std::optional<nanoseconds> retry_after(const HttpResponse& response, WallTime now);
// When its limit is used up, until it is not: X-RateLimit-Remaining and -Reset (seconds since the epoch), or
// Ratelimit: "name";r=0;t=30. Clamped to 60 s.
std::optional<nanoseconds> rate_limit_pause(const HttpResponse& response, WallTime now);

}  // namespace farshore

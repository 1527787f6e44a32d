#include "common/http/prober.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>

#include "common/http/curl_handle.h"

namespace farshore {
namespace {

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One probe under way. Its address is with libcurl: it must not move.
struct Transfer {
  size_t id = 0;
  CurlHandle handle;
  std::unique_ptr<curl_slist, ListDeleter> resolve;
  ProbeOutcome outcome;
  size_t max_body_bytes = 0;
  size_t header_bytes = 0;
  bool body_too_large = false, headers_too_large = false;
  char error[CURL_ERROR_SIZE] = {};
};

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.outcome.body.size() + size * count > transfer.max_body_bytes) {
    transfer.body_too_large = true;
    return 0;
  }
  transfer.outcome.body.append(data, size * count);
  return size * count;
}

size_t on_header(char*, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += size * count;
  transfer.headers_too_large = transfer.header_bytes > kMaxCurlHeaderBytes;
  return transfer.headers_too_large ? 0 : size * count;
}

std::optional<WallTime> expiry_of(const X509* certificate) {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1)
    return std::nullopt;
  return WallTime(seconds(timegm(&time)));
}

// Stands where OpenSSL would verify the chain: notes when the peer's certificate ends, then verifies as
// always. libcurl tells a certificate only of a handshake that succeeded.
int verify_and_note(X509_STORE_CTX* store, void* user) {
  static_cast<Transfer*>(user)->outcome.certificate_expiry = expiry_of(X509_STORE_CTX_get0_cert(store));
  return X509_verify_cert(store);
}

CURLcode on_ssl_context(CURL*, void* context, void* user) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), verify_and_note, user);
  return CURLE_OK;
}

void set_tls_options(Transfer& transfer, const ProbeRequest& request) {
  CURL* handle = transfer.handle.get();
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &transfer);
  // A resumed session shows no certificate.
  curl_easy_setopt(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  if (!request.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  // With a folder of authorities libcurl would read the whole bundle anew for every handshake; and a private
  // authority shall be the only one.
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
}

// Tells libcurl the addresses of the host, so that it looks up nothing: "host:port:address,[address]".
void set_addresses(Transfer& transfer, const ProbeRequest& request) {
  if (request.addresses.empty()) return;
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  char* host = nullptr;
  char* port = nullptr;
  if (curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url.get(), CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(url.get(), CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
    std::string entry = std::string(host) + ":" + port + ":";
    for (const std::string& address : request.addresses)
      entry += (entry.ends_with(':') ? "" : ",") +
               (address.find(':') == std::string::npos ? address : "[" + address + "]");
    transfer.resolve.reset(curl_slist_append(nullptr, entry.c_str()));
    curl_easy_setopt(transfer.handle.get(), CURLOPT_RESOLVE, transfer.resolve.get());
  }
  curl_free(host);
  curl_free(port);
}

void set_options(Transfer& transfer, const ProbeRequest& request) {
  CURL* handle = transfer.handle.get();
  set_connection_options(handle, request.url, request.timeout);
  set_tls_options(transfer, request);
  set_addresses(transfer, request);
  curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "farshore-exporter");
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer.error);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, &transfer);
}

ProbeFailure connect_failure(CURL* handle) {
  long error = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error);
  if (error == ECONNREFUSED) return ProbeFailure::kRefused;
  return error == ETIMEDOUT ? ProbeFailure::kTimeout : ProbeFailure::kUnreachable;
}

ProbeFailure failure_of(CURLcode code, const Transfer& transfer) {
  if (transfer.body_too_large) return ProbeFailure::kBody;
  if (transfer.headers_too_large) return ProbeFailure::kProtocol;
  switch (code) {
    case CURLE_OK:
      return ProbeFailure::kNone;
    case CURLE_OPERATION_TIMEDOUT:
      return ProbeFailure::kTimeout;
    case CURLE_COULDNT_RESOLVE_HOST:
      return ProbeFailure::kDns;
    case CURLE_COULDNT_CONNECT:
      return connect_failure(transfer.handle.get());
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
      return ProbeFailure::kTls;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return ProbeFailure::kClosed;
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
      return ProbeFailure::kBody;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
      return ProbeFailure::kProtocol;
    default:
      return ProbeFailure::kOther;
  }
}

std::string text_of(CURLcode code, const Transfer& transfer) {
  if (transfer.body_too_large) return "the body is too large";
  if (transfer.headers_too_large) return "the headers are too large";
  if (code == CURLE_OK) return "";
  return transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code);
}

void fill_outcome(Transfer& transfer, CURLcode code) {
  ProbeOutcome& outcome = transfer.outcome;
  outcome.failure = failure_of(code, transfer);
  outcome.failure_text = text_of(code, transfer);
  CURL* handle = transfer.handle.get();
  long status = 0;
  curl_off_t microseconds = 0;
  const char* type = nullptr;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &microseconds);
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
  const bool answered = outcome.failure == ProbeFailure::kNone || outcome.failure == ProbeFailure::kBody;
  outcome.status = answered ? static_cast<int>(status) : 0;
  outcome.took = std::chrono::microseconds(microseconds);
  if (type != nullptr) outcome.content_type = type;
}

}  // namespace

struct HttpProber::Impl {
  CURLM* multi = nullptr;
  std::map<size_t, std::unique_ptr<Transfer>> transfers;
  std::vector<std::unique_ptr<Transfer>> not_begun;  // libcurl would not have them

  void forget(Transfer& transfer) { curl_multi_remove_handle(multi, transfer.handle.get()); }

  // Takes the next one that ended; null when there is none.
  std::unique_ptr<Transfer> take_ended() {
    if (!not_begun.empty()) {
      std::unique_ptr<Transfer> failed = std::move(not_begun.back());
      not_begun.pop_back();
      return failed;
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* ended = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
      fill_outcome(*ended, message->data.result);
      forget(*ended);
      return std::move(transfers.extract(ended->id).mapped());
    }
    return nullptr;
  }
};

HttpProber::HttpProber() : impl_(std::make_unique<Impl>()) {
  start_curl();
  impl_->multi = curl_multi_init();
}

HttpProber::~HttpProber() {
  for (auto& [id, transfer] : impl_->transfers) impl_->forget(*transfer);
  impl_->transfers.clear();
  curl_multi_cleanup(impl_->multi);
}

void HttpProber::begin(size_t id, const ProbeRequest& request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = id;
  transfer->max_body_bytes = request.max_body_bytes;
  transfer->handle.reset(curl_easy_init());
  if (transfer->handle) set_options(*transfer, request);
  if (!transfer->handle || curl_multi_add_handle(impl_->multi, transfer->handle.get()) != CURLM_OK) {
    transfer->outcome.failure = ProbeFailure::kOther;
    transfer->outcome.failure_text = "libcurl cannot begin a probe";
    impl_->not_begun.push_back(std::move(transfer));
    return;
  }
  impl_->transfers[id] = std::move(transfer);
}

void HttpProber::run(nanoseconds at_most, const Done& done) {
  int running = 0;
  curl_multi_perform(impl_->multi, &running);
  std::unique_ptr<Transfer> ended = impl_->take_ended();
  if (!ended && at_most > 0ns) {
    const auto limit = std::chrono::ceil<milliseconds>(std::min<nanoseconds>(at_most, 1h)).count();
    curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(limit), nullptr);
    curl_multi_perform(impl_->multi, &running);
    ended = impl_->take_ended();
  }
  for (; ended; ended = impl_->take_ended()) done(ended->id, std::move(ended->outcome));
}

void HttpProber::wake() { curl_multi_wakeup(impl_->multi); }

}  // namespace farshore

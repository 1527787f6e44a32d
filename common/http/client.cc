#include "common/http/client.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "common/http/curl_handle.h"

namespace farshore {
namespace {

constexpr size_t kIdleHandles = 8;

using Handle = CurlHandle;

struct HeaderListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderListDeleter>;

// What libcurl's callbacks write into.
struct Reception {
  HttpResponse response;
  size_t header_bytes = 0;
  size_t max_body_bytes = 0;
  bool too_large = false;
};

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& reception = *static_cast<Reception*>(user);
  if (reception.response.body.size() + size * count > reception.max_body_bytes) {
    reception.too_large = true;
    return 0;
  }
  reception.response.body.append(data, size * count);
  return size * count;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& reception = *static_cast<Reception*>(user);
  const std::string_view line(data, size * count);
  reception.header_bytes += line.size();
  if (reception.header_bytes > kMaxCurlHeaderBytes) {
    reception.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) reception.response.headers.clear();  // an interim answer came before
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  reception.response.headers[name] = trim(line.substr(colon + 1));
  return line.size();
}

bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Status check(const HttpRequest& request) {
  if (!is_clean(request.method) || request.method.empty() || !is_clean(request.url)) {
    return fail(ErrorCode::kInvalidArgument, "the method or address of a request holds a line break");
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_clean(name) || !is_clean(value)) {
      return fail(ErrorCode::kInvalidArgument, "header {} of a request to {} holds a line break", name,
                  request.url);
    }
  }
  if (request.timeout <= 0ns) {
    return fail(ErrorCode::kTimeout, "no time was left for {} {}", request.method, request.url);
  }
  return {};
}

HeaderList make_headers(const HttpRequest& request) {
  HeaderList list;
  // Waiting for 100 Continue costs a second. libcurl would sign this header and not send it (curl#11664).
  if (!request.sigv4) list.reset(curl_slist_append(nullptr, "Expect:"));
  for (const auto& [name, value] : request.headers) {
    // libcurl drops "Name:" without a value; the semicolon form sends it empty.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

void set_method(CURL* handle, const HttpRequest& request) {
  const bool safe = request.method == "GET" || request.method == "HEAD";
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (!safe || !request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  }
  // On a reused connection that dies libcurl sends the request again by itself. What may have an effect must
  // not be sent twice behind the caller's back.
  if (!safe) curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
}

void set_trust(CURL* handle, const HttpRequest& request) {
  if (!request.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  if (!request.proxy.empty()) curl_easy_setopt(handle, CURLOPT_PROXY, request.proxy.c_str());
  if (!request.sigv4) return;
  const SigV4& signer = *request.sigv4;
  const std::string scope = fmt::format("aws:amz:{}:{}", signer.region, signer.service);
  curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, scope.c_str());
  curl_easy_setopt(handle, CURLOPT_USERNAME, signer.key_id.c_str());
  curl_easy_setopt(handle, CURLOPT_PASSWORD, signer.secret.c_str());
}

ErrorCode code_of(CURLcode result, bool sent) {
  switch (result) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorCode::kInvalidArgument;
    case CURLE_OPERATION_TIMEDOUT:
      return sent ? ErrorCode::kUnknown : ErrorCode::kTimeout;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return sent ? ErrorCode::kUnknown : ErrorCode::kInternal;
    default:
      return sent ? ErrorCode::kUnknown : ErrorCode::kUnavailable;
  }
}

// The address without its query, which may hold a secret.
std::string_view shown(std::string_view url) { return url.substr(0, url.find('?')); }

class CurlClient final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override;

 private:
  Handle take();
  void give_back(Handle handle);

  std::mutex mutex_;
  std::vector<Handle> idle_;  // each keeps its connections
};

Handle CurlClient::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Handle handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return Handle(curl_easy_init());
}

void CurlClient::give_back(Handle handle) {
  curl_easy_reset(handle.get());
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
}

Result<HttpResponse> CurlClient::send(const HttpRequest& request) {
  if (auto status = check(request); !status) return tl::unexpected(status.error());
  Handle handle = take();
  if (!handle) return fail(ErrorCode::kInternal, "libcurl gives no handle");
  Reception reception;
  reception.max_body_bytes = request.max_response_bytes;
  char text[CURL_ERROR_SIZE] = {};
  const HeaderList headers = make_headers(request);
  set_connection_options(handle.get(), request.url, request.timeout);
  set_method(handle.get(), request);
  set_trust(handle.get(), request);
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &reception);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &reception);
  const CURLcode result = curl_easy_perform(handle.get());
  long status = 0;
  long request_bytes = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle.get(), CURLINFO_REQUEST_SIZE, &request_bytes);
  if (result != CURLE_OK) {  // the handle is not reused: its connection is in an unknown state
    const std::string_view reason = reception.too_large ? "the answer is too large"
                                    : text[0] != '\0'   ? std::string_view(text)
                                                        : std::string_view(curl_easy_strerror(result));
    return fail(code_of(result, request_bytes > 0), "{} {}: {}", request.method, shown(request.url), reason);
  }
  give_back(std::move(handle));
  reception.response.status = static_cast<int>(status);
  return std::move(reception.response);
}

}  // namespace

std::unique_ptr<HttpClient> make_curl_client() {
  start_curl();
  return std::make_unique<CurlClient>();
}

std::string url_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace farshore

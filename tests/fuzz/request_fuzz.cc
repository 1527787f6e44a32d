// The texts of an HTTP request that our own code reads: path, form, cookies, Authorization. The input's lines
// are these texts in turn.
#include <crypt.h>
#include <openssl/evp.h>

#include <cstring>

#include "actuator/page/form.h"
#include "common/http/access.h"
#include "common/http/listen_address.h"
#include "common/http/router.h"
#include "common/http/wire.h"
#include "common/topology/address.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/temporary_folder.h"

// In place of libcrypt's: bcrypt is slow on purpose, and here only the way to it is tried. It "hashes" the
// password "open sesame" to whatever it is compared with.
extern "C" char* crypt_r(const char* phrase, const char* setting, crypt_data* data) {
  const bool right = std::strcmp(phrase, "open sesame") == 0;
  std::strncpy(data->output, right ? setting : "*0", sizeof data->output - 1);
  return data->output;
}

namespace farshore::fuzz {
namespace {

constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

const Authenticator& authenticator() {
  static const TemporaryFolder folder;
  static const std::shared_ptr<const Authenticator> made = [] {
    AccessFile access;
    access.source = "access.yml";
    const std::string file = folder.write("token", std::string(kToken) + "\n");
    access.entries.push_back({{"prometheus", {Role::kViewer}}, file, ""});
    access.entries.push_back({{"anna", {Role::kOperator}}, "", "$2b$04$" + std::string(53, 'x')});
    return make_authenticator(std::move(access)).value();
  }();
  return *made;
}

bool opens(const std::string& header, std::string_view name) {
  const auto principal = authenticator().authenticate(header);
  if (!principal) require(principal.error().code == ErrorCode::kPermission, "strangers are not known");
  return principal && principal->name == name;
}

bool is_scheme(std::string_view header, std::string_view scheme) {
  return header.size() > scheme.size() && lower_case(header.substr(0, scheme.size())) == scheme;
}

void check_authorization(std::string_view text) {
  const std::string header(text);
  const auto principal = authenticator().authenticate(header);
  if (principal) {
    const bool token = is_scheme(header, "bearer ") && header.substr(7) == kToken;
    const bool password = is_scheme(header, "basic ") && header.substr(6) == base64("anna:open sesame");
    require(token || password, "nobody gets in but with a credential", header);
  }
  const bool right = text == "anna:open sesame";
  const std::string basic = "Basic " + base64(text);
  require(opens(basic, "anna") == right, "name and password come out of base64 as they went in", header);
  require(opens("Bearer " + header, "prometheus") == (text == kToken), "a token opens and nothing like it",
          header);
}

void check_path(std::string_view path) {
  static const Router router = [] {
    const auto nothing = [](const ServerRequest&) { return ServerReply{}; };
    std::vector<Route> routes;
    for (const char* known :
         {"/", "/metrics", "/api/v1/runs/latest", "/api/v1/runs/{id}", "/runs/{id}/approve"})
      routes.push_back({"GET", known, nothing});
    routes.push_back({"POST", "/api/v1/alerts", nothing});
    return Router::build(std::move(routes)).value();
  }();
  for (const std::string_view method : {"GET", "HEAD", "POST", "OPTIONS"}) {
    const auto match = router.match(method, path);
    if (match.route == nullptr) continue;
    require(!match.allow.empty() && path.starts_with('/'), "a match allows something");
    std::string filled = match.route->path;
    for (const auto& [name, value] : match.parameters) {
      require(is_plain_name(value), "a parameter is a plain name", value);
      filled.replace(filled.find("{" + name + "}"), name.size() + 2, value);
    }
    require(filled == path, "a route matches the whole path and nothing else", path);
  }
}

void check_form(std::string_view body, std::string_view cookies) {
  if (const auto fields = parse_form(body)) {
    require(fields->size() <= 20, "a form is bounded");
    std::string encoded;
    for (const auto& [name, value] : *fields) {
      encoded += encoded.empty() ? "" : "&";
      for (const char c : name) encoded += fmt::format("%{:02x}", static_cast<unsigned char>(c));
      encoded += '=';
      for (const char c : value) encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    const auto again = parse_form(encoded);
    require(again.has_value() && *again == *fields, "a form that is encoded again is the same form", encoded);
  } else {
    require(fields.error().code == ErrorCode::kInvalidArgument, "a wrong form is an invalid argument");
  }
  if (const auto cookie = find_cookie(cookies, "session"))
    require(cookies.find("session") != std::string_view::npos && cookie->find(';') == std::string::npos,
            "a cookie stands in the header, and ends at a semicolon", cookies);
}

void check_addresses(std::string_view text) {
  if (const auto listen = parse_listen_address(text))
    require((listen->ipv6 ? is_ipv6(listen->host) : is_ipv4(listen->host)) && listen->port >= 0 &&
                listen->port <= 65535,
            "one can listen there", text);
  if (const auto place = parse_host_port(text)) {
    require(place->port > 0 && (is_host_name(place->host) || is_ipv6(place->host)), "a place can be named",
            text);
    const std::string host =
        place->host.find(':') == std::string::npos ? place->host : "[" + place->host + "]";
    const auto again = parse_host_port(fmt::format("{}:{}", host, place->port));
    require(again.has_value() && *again == *place, "a place reads back", text);
  }
  if (check_base_url(text)) require(check_url(text).has_value(), "a base URL is a URL", text);
  if (check_url(text))
    require(is_printable(text) && text.starts_with("http"), "a URL is printable and of the web", text);
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore::fuzz;
  std::string_view rest = text_of(data, size);
  check_path(take(rest, '\n'));
  const std::string_view form = take(rest, '\n');
  check_form(form, take(rest, '\n'));
  check_authorization(take(rest, '\n'));
  check_addresses(rest);
  return 0;
}

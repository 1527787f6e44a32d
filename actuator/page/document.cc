#include "actuator/page/document.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

#include "actuator/page/script.h"
#include "actuator/page/style.h"

namespace farshore {
namespace {

// As a Content-Security-Policy names an inline element that may stand: CSP level 3, section 2.3.1.
std::string hash_source(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::array<unsigned char, 64> encoded{};  // 44 characters and a NUL
  const int size = EVP_EncodeBlock(encoded.data(), hash.data(), static_cast<int>(hash.size()));
  return fmt::format("'sha256-{}'", std::string_view(reinterpret_cast<const char*>(encoded.data()),
                                                     static_cast<size_t>(size)));
}

// Nothing is loaded from anywhere, nothing runs but our own script, nobody frames it or takes its forms.
const std::string& content_security_policy() {
  static const std::string kPolicy = fmt::format(
      "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; form-action "
      "'self'; "
      "base-uri 'none'; frame-ancestors 'none'",
      hash_source(kStyle), hash_source(kScript));
  return kPolicy;
}

void head(Html& html, const Frame& frame) {
  html.add(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>"
      "<link rel=\"icon\" href=\"data:,\">",
      frame.title);
  if (frame.refreshes) html.add("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>");
  html.verbatim("<style>").verbatim(kStyle).verbatim("</style></head>");
}

void header(Html& html, const Frame& frame) {
  html.add("<a class=\"skip\" href=\"#main\">Skip to the content</a>");
  html.add(
      "<header><p class=\"brand\">Farshore</p><nav aria-label=\"Farshore\"><ul>"
      "<li><a href=\"/\">State</a></li><li><a href=\"/metrics\">Metrics</a></li></ul></nav>");
  if (frame.session != nullptr)
    html.add(
        "<form method=\"post\" action=\"/sign-out\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">"
        "{} ({}) <button id=\"sign-out\">Sign out</button></form>",
        frame.session->csrf, frame.session->principal.name, frame.session->may_act() ? "operator" : "viewer");
  html.add("<p id=\"stale\" class=\"state person\" role=\"alert\" hidden></p></header>");
}

}  // namespace

ServerReply document(const Frame& frame, const Html& main, int status) {
  Html html;
  head(html, frame);
  if (frame.session == nullptr)
    html.verbatim("<body data-signed-out>");
  else
    html.verbatim(frame.refreshes ? markup::Literal("<body data-refreshes>") : markup::Literal("<body>"));
  header(html, frame);
  html.add("<main id=\"main\" tabindex=\"-1\">");
  if (frame.session != nullptr && frame.session->notice) {
    const Notice& notice = *frame.session->notice;
    html.add(
        "<p class=\"state {}\" role=\"status\" tabindex=\"-1\" autofocus id=\"notice\" "
        "data-part=\"notice\">{}</p>",
        notice.is_error ? "person" : "calm", notice.text);
  }
  html.add(main).add("</main>");
  if (frame.refreshes) html.verbatim("<script>").verbatim(kScript).verbatim("</script>");
  html.verbatim("</body></html>\n");
  return {status,
          "text/html; charset=utf-8",
          html.str(),
          {{"Content-Security-Policy", content_security_policy()},
           {"X-Frame-Options", "DENY"},
           {"Referrer-Policy", "no-referrer"}}};
}

ServerReply see_other(const std::string& path) {
  return {303, "text/plain; charset=utf-8", "see " + path + "\n", {{"Location", path}}};
}

}  // namespace farshore

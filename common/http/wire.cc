#include "common/http/wire.h"

#include <algorithm>
#include <cctype>

namespace farshore {
namespace {

std::string_view status_text(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    default:
      return status < 500 ? "Status" : "Error";
  }
}

}  // namespace

ServerReply refusal_reply(const Refusal& refusal) {
  ServerReply reply;
  reply.status = refusal.status;
  reply.content_type = "application/json";
  reply.body = fmt::format(R"({{"error":{{"code":"{}","message":"{}"}}}})"
                           "\n",
                           refusal.reason, refusal.message);
  if (refusal.status == 401) reply.headers["WWW-Authenticate"] = "Bearer, Basic realm=\"farshore\"";
  return reply;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool media_type_is(const std::map<std::string, std::string>& headers, const std::string& wanted) {
  const auto found = headers.find("content-type");
  if (found == headers.end()) return false;
  std::string_view type = found->second;
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return lower_case(type) == wanted;
}

std::string render_reply(const ServerReply& reply, bool head_only, bool keep_alive) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, status_text(reply.status));
  if (reply.status != 204) {
    text += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", reply.content_type, reply.body.size());
  }
  text += "Cache-Control: no-store\r\n";
  if (reply.headers.count("X-Content-Type-Options") == 0) text += "X-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!head_only && reply.status != 204) text += reply.body;
  return text;
}

}  // namespace farshore

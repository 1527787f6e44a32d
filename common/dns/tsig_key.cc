#include "common/dns/tsig_key.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "common/base/is_base64.h"
#include "common/base/secret_file.h"

namespace farshore {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

bool has_fitting_labels(std::string_view name) {
  while (!name.empty()) {
    const size_t size = std::min(name.find('.'), name.size());
    if (size == 0 || size > 63) return false;
    name.remove_prefix(std::min(size + 1, name.size()));
  }
  return true;
}

// Canonical names are compared with a server's answer, letter by letter.
bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() < 254 && has_fitting_labels(name) &&
         std::all_of(
             name.begin(), name.end(),
             [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

Result<TsigKey> make_key(std::string_view name, std::string_view algorithm, std::string_view secret) {
  TsigKey key{lower(name), lower(algorithm), std::string(secret)};
  if (!is_key_name(key.name)) return fail(ErrorCode::kInvalidArgument, "the key has no DNS name");
  if (!key.name.ends_with('.')) key.name += '.';
  if (!key.algorithm.ends_with('.')) key.algorithm += '.';
  if (key.algorithm != "hmac-sha256." && key.algorithm != "hmac-sha512.")
    return fail(ErrorCode::kInvalidArgument, "the key {} is not of hmac-sha256 or hmac-sha512", key.name);
  if (!is_base64(key.secret))
    return fail(ErrorCode::kInvalidArgument, "the secret of the key {} is no base64", key.name);
  return key;
}

// Words, quoted texts and the marks { } ; of BIND's configuration. Nothing when a quote or a comment does not
// end.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  bool all(std::vector<std::string_view>& out) {
    while (true) {
      if (!skip_space()) return false;
      if (text_.empty()) return true;
      if (text_.front() == '"') {
        const size_t end = text_.find('"', 1);
        if (end == std::string_view::npos) return false;
        out.push_back(text_.substr(1, end - 1));
        text_.remove_prefix(end + 1);
      } else {
        const size_t size = kMarks.find(text_.front()) != std::string_view::npos
                                ? 1
                                : std::min(text_.find_first_of(" \t\r\n\"{};"), text_.size());
        out.push_back(text_.substr(0, size));
        text_.remove_prefix(size);
      }
    }
  }

 private:
  static constexpr std::string_view kMarks = "{};";

  bool skip_space() {
    while (!text_.empty()) {
      size_t end = 0;
      if (std::isspace(static_cast<unsigned char>(text_.front()))) {
        end = 1;
      } else if (text_.starts_with('#') || text_.starts_with("//")) {
        end = std::min(text_.find('\n'), text_.size());
      } else if (text_.starts_with("/*")) {
        end = text_.find("*/");
        if (end == std::string_view::npos) return false;
        end += 2;
      } else {
        return true;
      }
      text_.remove_prefix(end);
    }
    return true;
  }

  std::string_view text_;
};

tl::unexpected<Error> no_key() {
  return fail(ErrorCode::kInvalidArgument,
              "it holds neither one key as tsig-keygen prints it nor algorithm:name:secret");
}

Result<TsigKey> parse_block(const std::vector<std::string_view>& tokens) {
  // key NAME { algorithm A ; secret S ; } ;   the two in any order
  if (tokens.size() < 10 || tokens.size() > 11 || tokens[2] != "{" || tokens[5] != ";" || tokens[8] != ";" ||
      tokens[9] != "}" || (tokens.size() == 11 && tokens[10] != ";"))
    return no_key();
  if (tokens[3] == "algorithm" && tokens[6] == "secret") return make_key(tokens[1], tokens[4], tokens[7]);
  if (tokens[3] == "secret" && tokens[6] == "algorithm") return make_key(tokens[1], tokens[7], tokens[4]);
  return no_key();
}

}  // namespace

Result<TsigKey> parse_tsig_key(std::string_view text) {
  std::vector<std::string_view> tokens;
  if (!Tokens(text).all(tokens)) return no_key();
  if (!tokens.empty() && tokens.front() == "key") return parse_block(tokens);
  if (tokens.size() != 1) return no_key();
  const std::string_view line = tokens.front();
  const size_t first = line.find(':');
  const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return no_key();
  return make_key(line.substr(first + 1, second - first - 1), line.substr(0, first), line.substr(second + 1));
}

Result<TsigKey> read_tsig_key(const std::string& path) {
  const Result<std::string> text = read_secret_lines(path);
  if (!text) return tl::unexpected(text.error());
  Result<TsigKey> key = parse_tsig_key(*text);
  if (!key) return wrap("the key file " + path, key.error());
  return key;
}

}  // namespace farshore

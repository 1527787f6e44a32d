#include "common/http/base64.h"

#include <openssl/evp.h>

#include "common/base/is_base64.h"

namespace farshore {

Result<std::string> decode_base64(std::string_view text) {
  if (!is_base64(text)) return fail(ErrorCode::kInvalidArgument, "no base64");
  std::string decoded(text.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return fail(ErrorCode::kInvalidArgument, "no base64");
  size_t length = static_cast<size_t>(size);
  for (size_t i = text.size(); i > 0 && text[i - 1] == '=' && length > 0; --i) --length;
  decoded.resize(length);
  return decoded;
}

}  // namespace farshore

#include "common/web/private_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace farshore {

Result<Descriptor> make_private_file(const std::string& name, const std::string& text) {
  Descriptor file(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  bool good = file.open() && fchmod(file.get(), 0400) == 0;
  for (size_t written = 0; good && written < text.size();) {
    const ssize_t count = write(file.get(), text.data() + written, text.size() - written);
    good = count > 0;
    written += good ? static_cast<size_t>(count) : 0;
  }
  good =
      good && fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  if (!good) return fail(ErrorCode::kUnavailable, "no memory file for the {}: {}", name, strerror(errno));
  return file;
}

}  // namespace farshore

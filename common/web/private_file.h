// Text that only this process and the children it hands the descriptor to can read: in memory, without a
// name, gone with the last of them. A key or a secret never lies about on a disk, whatever kills us.
#pragma once

#include <string>

#include "common/base/descriptor.h"
#include "common/base/result.h"

namespace farshore {

// Sealed: nobody can change it any more. kUnavailable when there is no memory or descriptor to be had.
Result<Descriptor> make_private_file(const std::string& name, const std::string& text);

}  // namespace farshore

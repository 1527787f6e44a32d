#include "actuator/notify/notice.h"

namespace farshore {

std::string identity(const Notice& notice) {
  // A run succeeds or is refused once; it can be held again after a person let it go on.
  if (notice.kind == "succeeded" || notice.kind == "refused")
    return fmt::format("{}/{}", notice.run_id, notice.kind);
  const bool ended = notice.kind == "held" && notice.run && notice.run->ended_at;
  return fmt::format("{}/{}/{}", notice.run_id.empty() ? notice.cluster : notice.run_id, notice.kind,
                     format_rfc3339(ended ? *notice.run->ended_at : notice.at));
}

}  // namespace farshore

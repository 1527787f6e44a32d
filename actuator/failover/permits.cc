#include "actuator/failover/permits.h"

#include <algorithm>

#include "actuator/failover/run_context.h"

namespace farshore {
namespace {

struct Permit {
  std::string_view word, clause;
};
constexpr Permit kPermits[] = {
    {kPermitMode, "to act at all, which failover.mode leaves to a person"},
    {kPermitProof,
     "to promote WITHOUT PROOF that the old primary cannot write: two servers may acknowledge writes"},
    {kPermitLoss, "to lose more than failover.max_data_loss, or an amount that is not known"},
    {kPermitCooldown, "to act again within failover.cooldown of the last failover"},
    {kPermitSick, "to fence a primary that answers, because it cannot commit"}};

std::vector<std::string_view> words_of(std::string_view needs) {
  std::vector<std::string_view> words;
  while (!needs.empty()) {
    const size_t end = std::min(needs.find(','), needs.size());
    if (end > 0) words.push_back(needs.substr(0, end));
    needs.remove_prefix(std::min(end + 1, needs.size()));
  }
  return words;
}

}  // namespace

std::vector<std::string> permits_in_words(std::string_view needs) {
  std::vector<std::string> clauses;
  for (const std::string_view word : words_of(needs)) {
    const auto* found = std::ranges::find(kPermits, word, &Permit::word);
    clauses.emplace_back(found == std::end(kPermits) ? word : found->clause);
  }
  return clauses;
}

bool permits_without_proof(std::string_view needs) {
  return std::ranges::count(words_of(needs), kPermitProof) > 0;
}

}  // namespace farshore

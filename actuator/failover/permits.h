// What an approval of a held run permits, in words for people. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farshore {

// Of the run's fact "needs" (words of kPermit*, comma separated): one clause each that goes on from "An
// approval permits ...". A word that is not known is shown as it is.
std::vector<std::string> permits_in_words(std::string_view needs);

// True when an approval would promote without proof that the old primary cannot write: the one that people
// must not give lightly.
bool permits_without_proof(std::string_view needs);

}  // namespace farshore

// ldns/common.h makes its own bool (a macro for _Bool, an unsigned char elsewhere) unless HAVE_STDBOOL_H is
// defined, and leaves it behind for every header included after it. common/dns/*.cc define it first.
#define HAVE_STDBOOL_H 1
#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <type_traits>

namespace farshore {
namespace {

static_assert(std::is_same_v<bool, decltype(1 == 1)>, "ldns has redefined bool");
static_assert(std::is_same_v<decltype(true), decltype(1 == 1)>, "ldns has redefined true");

TEST(LdnsCanary, BoolIsStillBoolAfterItsHeader) {
  // A function of ours that takes a bool must still have the mangled name it has elsewhere.
  EXPECT_STREQ(typeid(bool).name(), "b");
}

TEST(LdnsCanary, ANameWithoutTrailingDotIsTakenAsAbsolute) {
  ldns_rdf* name = ldns_dname_new_frm_str("orders.example.com");
  ASSERT_NE(name, nullptr);
  char* text = ldns_rdf2str(name);
  EXPECT_STREQ(text, "orders.example.com.");
  free(text);
  ldns_rdf_deep_free(name);
}

}  // namespace
}  // namespace farshore

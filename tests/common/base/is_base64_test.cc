#include "common/base/is_base64.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(IsBase64, TakesWhatAnEncoderWrites) {
  for (const char* text : {"YQ==", "YWI=", "YWJj", "+/+/", "YWJjZA=="}) EXPECT_TRUE(is_base64(text)) << text;
}

TEST(IsBase64, RefusesEverythingElse) {
  for (const char* text :
       {"", "=", "====", "A===", "YQ", "YQ=", "YQ==\n", " YQ==", "Y=Q=", "YQ==YQ==", "Y-_="})
    EXPECT_FALSE(is_base64(text)) << text;
}

TEST(IsBase64, RefusesBitsThatBelongToNoByte) {
  for (const char* text : {"YR==", "YX==", "YWJ=", "YWL="}) EXPECT_FALSE(is_base64(text)) << text;
}

}  // namespace
}  // namespace farshore

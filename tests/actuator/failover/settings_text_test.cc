#include "actuator/failover/settings_text.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(SettingsText, GivesBackWhateverWasSaved) {
  const SavedSettings settings = {{"primary_conninfo", "host=a\nuser='b\\n' =c"}, {"restore_command", ""}};
  EXPECT_EQ(settings_from_text(settings_to_text(settings)).value(), settings);
  EXPECT_TRUE(settings_from_text("")->empty());
}

TEST(SettingsText, RefusesDamagedText) {
  for (const char* text : {"a", "a=b", "a\n", "a=\\x\n", "a=b\\\n"})
    EXPECT_EQ(settings_from_text(text).error().code, ErrorCode::kCorrupt) << text;
}

}  // namespace
}  // namespace farshore

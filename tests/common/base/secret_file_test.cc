#include "common/base/secret_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace farshore {
namespace {

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() : path_("/tmp/farshore-secret-XXXXXX") { close(mkstemp(path_.data())); }
  ~SecretFileTest() override { unlink(path_.c_str()); }
  Result<std::string> read(const std::string& content) {
    std::ofstream(path_, std::ios::trunc) << content;
    return read_secret_file(path_);
  }
  std::string path_;
};

TEST_F(SecretFileTest, TheEndOfTheLineIsNoPartOfTheSecret) {
  EXPECT_EQ(read("s3cret\n").value(), "s3cret");
  EXPECT_EQ(read("s3cret\r\n").value(), "s3cret");
  EXPECT_EQ(read("two words").value(), "two words");
}

TEST_F(SecretFileTest, WhatIsNoSecretIsRefusedWithoutBeingRepeated) {
  for (const std::string& content : {std::string(), std::string("\n"), std::string("hunter2\nhunter3\n"),
                                     std::string("hunter2\x01"), std::string(4097, 'x')}) {
    const auto secret = read(content);
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(secret.error().message.find("hunter2"), std::string::npos);
  }
}

TEST_F(SecretFileTest, AMissingFileIsNotFound) {
  EXPECT_EQ(read_secret_file(path_ + ".none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace farshore

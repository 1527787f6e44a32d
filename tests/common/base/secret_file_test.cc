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

TEST_F(SecretFileTest, AFileOfLinesIsReadWholeAndBounded) {
  const std::string lines = "[default]\r\nkey = hunter2\n\tmore\n";
  std::ofstream(path_, std::ios::trunc | std::ios::binary) << lines;
  EXPECT_EQ(read_secret_lines(path_).value(), lines);
  for (const std::string& content : {std::string(), std::string("hunter2\x01"), std::string(16385, 'x')}) {
    std::ofstream(path_, std::ios::trunc) << content;
    const auto text = read_secret_lines(path_);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(text.error().message.find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(read_secret_lines(path_ + ".none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace farshore

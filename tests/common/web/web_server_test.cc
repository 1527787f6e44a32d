#include "common/web/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/http/client.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using testing::HasSubstr;

// As htpasswd -nbB -C 4 makes it; anna's password is "far shore".
constexpr const char* kUsers =
    "basic_auth_users: {anna: \"$2y$04$izstzK9hqB56x0m66Td6xe3EkMjUiKWNxrAhbQH5sbO0kFN0dh.8G\"}\n";

class WebServerTest : public testing::Test {
 protected:
  std::string config_with(const std::string& text) const {
    test::write_file(folder_.file("web.yml"), text);
    return folder_.file("web.yml");
  }

  Result<std::unique_ptr<WebServer>> start(const std::string& config_file,
                                           PasswordSource source = PasswordSource::kWebConfig) {
    const auto hello = [](const ServerRequest& request) {
      return ServerReply{200, "text/plain", "hello " + request.principal, {}};
    };
    return WebServer::start({{"127.0.0.1:0"}, config_file}, source, {}, {{"GET", "/", hello, {}, 0, ""}});
  }

  HttpResponse get(const WebServer& server, const std::string& authorization = "") {
    HttpRequest request;
    request.url = fmt::format("http://127.0.0.1:{}/", server.port());
    if (!authorization.empty()) request.headers["Authorization"] = authorization;
    const auto response = client_->send(request);
    if (!response) throw std::runtime_error(response.error().message);
    return *response;
  }

  test::TempDir folder_;
  std::unique_ptr<HttpClient> client_ = make_curl_client();
};

TEST_F(WebServerTest, IsOpenWithoutAConfiguration) {
  const auto server = start("");
  ASSERT_TRUE(server.has_value()) << server.error().message;
  EXPECT_EQ(get(**server).body, "hello ");
  EXPECT_TRUE((*server)->reload().has_value()) << "there is nothing to read again, which is no fault";
}

TEST_F(WebServerTest, AsksForThePasswordThatTheToolkitsHashStandsFor) {
  const auto server = start(config_with(kUsers));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  EXPECT_EQ(get(**server).status, 401);
  EXPECT_EQ(get(**server, "Basic YW5uYTpmYXIgc2hvcmU=").body, "hello anna");  // anna:far shore
  EXPECT_EQ(get(**server, "Basic YW5uYTpuZWFyIHNob3Jl").status, 401);         // anna:near shore
}

TEST_F(WebServerTest, TakesNewUsersAndHeadersAtAReloadAndKeepsTheOldWhenTheNewAreBad) {
  const auto server = start(config_with(kUsers));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  config_with("basic_auth_users: {anna: plain}\n");
  const auto bad = (*server)->reload();
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().message, HasSubstr("web.yml:1:20: user 'anna' has no bcrypt hash"));
  EXPECT_EQ(get(**server).status, 401) << "the old users still stand";
  config_with("http_server_config: {headers: {X-Frame-Options: deny}}\n");
  ASSERT_TRUE((*server)->reload().has_value());
  const HttpResponse open = get(**server);
  EXPECT_EQ(open.status, 200);
  EXPECT_EQ(open.headers.at("x-frame-options"), "deny");
}

TEST_F(WebServerTest, HasOneDoorForPasswords) {
  const auto server = start(config_with(kUsers), PasswordSource::kAccessFile);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(server.error().message, HasSubstr("--web.access-file"));
}

}  // namespace
}  // namespace farshore

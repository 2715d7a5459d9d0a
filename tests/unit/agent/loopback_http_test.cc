#include "orchestrator/agent/lifecycle/loopback_http.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/fake_http_server.h"
#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::FakeHttpServer;
using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

absl::StatusOr<std::string> Get(const std::string& answer) {
  FakeHttpServer server([&](const std::string&) { return answer; });
  return LoopbackHttp(server.port()).Request("GET", "/json/list", kPatience);
}

TEST(LoopbackHttpTest, SendsMethodAndTarget) {
  FakeHttpServer server([](const std::string& line) { return FakeHttpServer::Ok(line); });
  ORCH_ASSERT_OK_AND_ASSIGN(
      const std::string body,
      LoopbackHttp(server.port()).Request("PUT", "/json/new?about:blank", kPatience));
  EXPECT_EQ(body, "PUT /json/new?about:blank HTTP/1.1");
}

TEST(LoopbackHttpTest, ReadsAsMuchAsTheLengthSays) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string body,
                            Get("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdef"));
  EXPECT_EQ(body, "abc");
}

TEST(LoopbackHttpTest, ReadsToTheEndWithoutALength) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string body, Get("HTTP/1.0 200 OK\r\n\r\nabc"));
  EXPECT_EQ(body, "abc");
}

TEST(LoopbackHttpTest, ReadsAnAnswerOfManyPieces) {
  const std::string large(500'000, 'x');
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string body, Get(FakeHttpServer::Ok(large)));
  EXPECT_EQ(body, large);
}

TEST(LoopbackHttpTest, ReportsAnotherStatus) {
  EXPECT_THAT(Get("HTTP/1.1 404 Not Found\r\n\r\n"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("404 Not Found")));
}

TEST(LoopbackHttpTest, ReportsWhatIsNotHttp) {
  for (const std::string answer :
       {"hello\r\n\r\n", "SSH-2.0-x 200\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"}) {
    EXPECT_THAT(Get(answer), StatusIs(absl::StatusCode::kInternal)) << answer;
  }
}

TEST(LoopbackHttpTest, ReportsAnEarlyEnd) {
  for (const std::string answer :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"}) {
    EXPECT_THAT(Get(answer), StatusIs(absl::StatusCode::kUnavailable)) << answer;
  }
}

TEST(LoopbackHttpTest, ReadsNoMoreThanItsLimit) {
  EXPECT_THAT(
      Get(absl::StrCat("HTTP/1.1 200 OK\r\n\r\n", std::string(LoopbackHttp::kMaxAnswerBytes, 'x'))),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("more than")));
}

TEST(LoopbackHttpTest, ReportsThatNobodyListens) {
  uint16_t port = 0;
  {
    FakeHttpServer server([](const std::string&) { return ""; });
    port = server.port();
  }
  EXPECT_THAT(LoopbackHttp(port).Request("GET", "/", kPatience),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot connect")));
}

TEST(LoopbackHttpTest, GivesUpOnAServerThatDoesNotAnswer) {
  // Its backlog takes the connection; nobody accepts it.
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_THAT(LoopbackHttp(ntohs(address.sin_port)).Request("GET", "/", absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace orch::agent

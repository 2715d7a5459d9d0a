#include "orchestrator/metrics/metrics_server.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/metrics/metrics_fixture.h"

namespace orch {
namespace {

using ::orch::testing::ConnectToPort;
using ::orch::testing::HttpGet;
using ::orch::testing::MetricsFixture;
using ::orch::testing::MetricsScrape;
using ::orch::testing::ScrapeMetrics;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;

class MetricsServerTest : public MetricsFixture {};

TEST_F(MetricsServerTest, AnswersWithWhatWasRecorded) {
  metrics_.RecordBoot(absl::StatusCode::kOk, absl::Seconds(3));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto server,
                            MetricsServer::Start({.listen = "127.0.0.1:0"}, metrics_));
  ORCH_ASSERT_OK_AND_ASSIGN(const MetricsScrape scrape, ScrapeMetrics(server->port()));
  EXPECT_THAT(scrape.Value("orchestrator_boot_duration_seconds_count", {{"code", "OK"}}),
              Optional(1.0));
}

TEST_F(MetricsServerTest, TakesLocalhost) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto server,
                            MetricsServer::Start({.listen = "localhost:0"}, metrics_));
  ORCH_EXPECT_OK(ScrapeMetrics(server->port()));
}

TEST_F(MetricsServerTest, SaysThatItHasNoIpv6) {
  EXPECT_THAT(MetricsServer::Start({.listen = "[::1]:0"}, metrics_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("IPv4 only")));
}

TEST_F(MetricsServerTest, ServesNothingElse) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto server,
                            MetricsServer::Start({.listen = "127.0.0.1:0"}, metrics_));
  for (const char* path : {"/", "/etc/passwd", "/../etc/passwd", "/metric"}) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string answer, HttpGet(server->port(), path));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(MetricsServerTest, SaysThatTheAddressIsTaken) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto first,
                            MetricsServer::Start({.listen = "127.0.0.1:0"}, metrics_));
  const std::string listen = absl::StrCat("127.0.0.1:", first->port());
  EXPECT_THAT(MetricsServer::Start({.listen = listen}, metrics_),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(listen), HasSubstr("Address already in use"),
                             HasSubstr("--metrics-listen"))));
}

TEST_F(MetricsServerTest, SaysThatTheAddressIsNotThisHosts) {
  // Of TEST-NET-1, which is nobody's.
  EXPECT_THAT(MetricsServer::Start({.listen = "192.0.2.1:0"}, metrics_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Cannot assign")));
}

TEST_F(MetricsServerTest, RefusesWhatIsNoAddress) {
  for (const char* listen : {"", "9470", "127.0.0.1:9470,0.0.0.0:1", "example.com:1"}) {
    EXPECT_THAT(MetricsServer::Start({.listen = listen}, metrics_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("metrics_listen")));
  }
}

TEST_F(MetricsServerTest, AnswersAfterClientsThatSendNothing) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const auto server,
      MetricsServer::Start({.listen = "127.0.0.1:0", .client_timeout = absl::Milliseconds(200)},
                           metrics_));
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 4; ++i) {
    ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd fd, ConnectToPort(server->port()));
    silent.push_back(std::move(fd));
  }
  ORCH_EXPECT_OK(ScrapeMetrics(server->port()));
}

TEST_F(MetricsServerTest, FreesItsAddressWhenItIsGone) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, MetricsServer::Start({.listen = "127.0.0.1:0"}, metrics_));
  const int port = first->port();
  ORCH_ASSERT_OK(ScrapeMetrics(port));
  first.reset();
  ORCH_EXPECT_OK(MetricsServer::Start({.listen = absl::StrCat("127.0.0.1:", port)}, metrics_));
}

}  // namespace
}  // namespace orch

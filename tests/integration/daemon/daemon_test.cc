#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/subprocess.h"
#include "orchestrator/base/unique_fd.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/fake_image.h"
#include "tests/support/metrics_scrape.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeFakeImage(dir_.File("images"), "chromium"); }

  absl::StatusOr<std::unique_ptr<DaemonProcess>> Start() {
    return DaemonProcess::Start(dir_.File("s"),
                                {"--driver", "fake", "--image-dir", dir_.File("images")});
  }

  // Runs a daemon that is expected to end by itself.
  absl::Status Run(const std::string& state_dir, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--driver", "fake"});
    return RunProgram(DaemonProcess::Command(state_dir, arguments), absl::Seconds(30)).status();
  }

  absl::Status Create(DaemonProcess& daemon, const orchestrator::v1::BrowserSpec& spec) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::CreateBrowserRequest request;
    *request.mutable_spec() = spec;
    orchestrator::v1::Browser browser;
    return FromGrpcStatus(daemon.browsers().CreateBrowser(&context, request, &browser));
  }

  // Of the daemon's first line.
  static int MetricsPort(const DaemonProcess& daemon) {
    const std::string key = "metrics_port=";
    const std::string log = daemon.Log();
    const size_t found = log.find(key);
    EXPECT_NE(found, std::string::npos) << log;
    return found == std::string::npos ? 0 : std::atoi(log.c_str() + found + key.size());
  }

  TempDir dir_;
};

TEST_F(DaemonTest, NamesTheDaemonThatUsesItsStateDirectory) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, Start());
  EXPECT_THAT(Run(dir_.File("s")),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr("set another state_dir"),
                             HasSubstr(absl::StrCat("(process ", first->pid(), ")")))));
  // The first one still has its socket, for new clients too.
  grpc::ClientContext context;
  SetTestDeadline(context);
  orchestrator::v1::Node node;
  const grpc::Status status =
      orchestrator::v1::NodeService::NewStub(
          grpc::CreateChannel(first->target(), grpc::InsecureChannelCredentials()))
          ->GetNode(&context, {}, &node);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(DaemonTest, SaysWhatToDoWhenItsStateDirectoryCannotBeMade) {
  EXPECT_THAT(Run("/proc/orchestrator"),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr("/proc/orchestrator"),
                             HasSubstr("set another state_dir"))));
}

TEST_F(DaemonTest, SaysWhatToDoWhenItsAddressIsTaken) {
  const UniqueFd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  // As another daemon that lets others share its port would.
  const int on = 1;
  ASSERT_EQ(::setsockopt(taken.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  ASSERT_EQ(::bind(taken.get(), name, size), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  ASSERT_EQ(::getsockname(taken.get(), name, &size), 0);
  const std::string listen = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  EXPECT_THAT(Run(dir_.File("s"), {"--listen", listen}),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr(listen),
                             HasSubstr("is the address in use?"))));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("s/orchestrator.sock")));
}

TEST_F(DaemonTest, ServesMetricsOfWhatItKeepsAndWhatItIsAsked) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
  ORCH_ASSERT_OK(Create(*daemon, {}));
  ORCH_ASSERT_OK_AND_ASSIGN(const MetricsScrape scrape, ScrapeMetrics(MetricsPort(*daemon)));
  EXPECT_THAT(scrape.Value("orchestrator_browsers", {{"pool", "(none)"}, {"state", "READY"}}),
              Optional(1.0));
  EXPECT_THAT(scrape.Value("orchestrator_templates"), Optional(1.0));
  EXPECT_GT(scrape.Value("orchestrator_memory_committed_bytes"), 0);
  EXPECT_THAT(
      scrape.Value("orchestrator_rpc_duration_seconds_count",
                   {{"method", "orchestrator.v1.BrowserService/CreateBrowser"}, {"code", "OK"}}),
      Optional(1.0));
}

TEST_F(DaemonTest, SaysWhatToDoWhenTheAddressForMetricsIsTaken) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, Start());
  const std::string listen = absl::StrCat("127.0.0.1:", MetricsPort(*first));
  EXPECT_THAT(Run(dir_.File("t"), {"--metrics-listen", listen, "--image-dir", dir_.File("images")}),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr(listen),
                             HasSubstr("Address already in use"))));
}

TEST_F(DaemonTest, EndsWithStatusTwoWhenItsSettingsAreWrong) {
  EXPECT_THAT(Run(dir_.File("s"), {"--boot-timeout", "soon"}),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 2"), HasSubstr("--boot-timeout"))));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("s")));
}

TEST_F(DaemonTest, RefusesBrowsersThatTheHostCannotHold) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
  orchestrator::v1::BrowserSpec spec;
  spec.set_memory_mib(1u << 31);
  EXPECT_THAT(Create(*daemon, spec), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("spec.memory_mib is 2147483648")));
  spec.clear_memory_mib();
  spec.set_vcpus(1u << 20);
  EXPECT_THAT(Create(*daemon, spec),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("spec.vcpus is 1048576")));
  ORCH_EXPECT_OK(Create(*daemon, {}));
}

TEST_F(DaemonTest, RefusesARequestOverTheLimitAndGoesOn) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
  orchestrator::v1::BrowserSpec spec;
  spec.set_image(std::string(33 << 20, 'x'));
  EXPECT_THAT(Create(*daemon, spec),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("larger than max")));
  // One that fits is refused by its contents, in a message that fits as well.
  spec.set_image(std::string(1 << 20, 'x'));
  const absl::Status status = Create(*daemon, spec);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("image's name")));
  EXPECT_LT(status.message().size(), 1024u);
  ORCH_EXPECT_OK(Create(*daemon, {}));
}

}  // namespace
}  // namespace orch::testing

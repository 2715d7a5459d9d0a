// A real daemon, real QEMU and a real Chromium, used through orchctl and a real DevTools client.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ChromiumBrowserTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Orchctl(const DaemonProcess& daemon,
                                      std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {ORCH_ORCHCTL_BINARY, "--target", daemon.target()});
    return RunProgram(arguments, absl::Seconds(60));
  }

  grpc::Status Screenshot(DaemonProcess& daemon, const std::string& id,
                          guest::v1::CaptureScreenshotResponse& response) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    guest::v1::CaptureScreenshotRequest request;
    request.set_session_id(id);
    return daemon.computer().CaptureScreenshot(&context, request, &response);
  }

  TempDir dir_;
};

TEST_F(ChromiumBrowserTest, HeadfulShowsAScreenAndAnswersDevTools) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(dir_.File("s")));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("chromium", false));
  EXPECT_THAT(Orchctl(*daemon, {"cdp", browser.session_id()}).value_or("failed"),
              HasSubstr("Chrome/"));
  guest::v1::CaptureScreenshotResponse screenshot;
  const grpc::Status status = Screenshot(*daemon, browser.session_id(), screenshot);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(screenshot.width(), 1920u);
  EXPECT_EQ(screenshot.height(), 1080u);
  EXPECT_THAT(screenshot.image(), StartsWith("\x89PNG"));
  // A blank screen of this size compresses to less.
  EXPECT_GT(screenshot.image().size(), 10'000u);
  // Chromium runs as an ordinary user with its own sandbox.
  ORCH_ASSERT_OK_AND_ASSIGN(
      const auto processes,
      daemon->Exec(browser.session_id(),
                   {"sh", "-c", "ps -eo user,args | grep '[c]hromium/chromium'"}));
  EXPECT_THAT(processes.stdout(), AllOf(HasSubstr("chromium"), HasSubstr("--type=zygote")));
  EXPECT_THAT(processes.stdout(), ::testing::Not(HasSubstr("--no-sandbox")));
}

TEST_F(ChromiumBrowserTest, HeadlessNamesTheAlternativeToAScreenshot) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(dir_.File("s")));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("chromium", true));
  EXPECT_THAT(Orchctl(*daemon, {"cdp", browser.session_id()}).value_or("failed"),
              HasSubstr("Chrome/"));
  guest::v1::CaptureScreenshotResponse screenshot;
  const grpc::Status status = Screenshot(*daemon, browser.session_id(), screenshot);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("headless"), HasSubstr("CDP")));
}

}  // namespace
}  // namespace orch::testing

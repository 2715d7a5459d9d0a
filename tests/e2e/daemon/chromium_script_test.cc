// Playwright scripts in a real guest, against its real Chromium.
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "guest/v1/playwright.grpc.pb.h"
#include "orchestrator/base/grpc_status.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::guest::v1::ExecuteRequest;
using ::guest::v1::ExecuteResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ChromiumScriptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ORCH_ASSERT_OK_AND_ASSIGN(daemon_, DaemonProcess::Start(dir_.File("s")));
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon_->Create("chromium", true));
    id_ = browser.session_id();
    stub_ = guest::v1::PlaywrightService::NewStub(
        grpc::CreateChannel(daemon_->target(), grpc::InsecureChannelCredentials()));
  }

  absl::StatusOr<ExecuteResponse> Execute(const std::string& code, uint32_t timeout_seconds = 60) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    ExecuteRequest request;
    request.set_session_id(id_);
    request.set_code(code);
    request.set_timeout_seconds(timeout_seconds);
    ExecuteResponse response;
    const grpc::Status status = stub_->Execute(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::string id_;
  std::unique_ptr<guest::v1::PlaywrightService::Stub> stub_;
};

// One guest for all: each takes half a minute to boot.
TEST_F(ChromiumScriptTest, RunsScriptsAgainstItsBrowser) {
  ORCH_ASSERT_OK_AND_ASSIGN(ExecuteResponse response, Execute(R"(
    await page.setContent('<button onclick="document.title=`clicked`">Press</button>');
    await page.getByRole('button', { name: /press/i }).click();
    console.log('contexts:', browser.contexts().length);
    console.error('careful');
    globalThis.leftover = 1;
    page.on('console', message => console.log('heard', message.text()));
    return { title: await page.title(), same: page === context.pages()[0] };
  )"));
  EXPECT_TRUE(response.success()) << response.DebugString();
  EXPECT_EQ(response.result_json(), "{\"title\":\"clicked\",\"same\":true}");
  EXPECT_EQ(response.stdout(), "contexts: 1\n");
  EXPECT_EQ(response.stderr(), "careful\n");

  // The page is the browser's and stays; globals and listeners are the script's.
  ORCH_ASSERT_OK_AND_ASSIGN(response, Execute(R"(
    interface Seen { title: string; leftover: string }
    const seen: Seen = { title: await page.title(), leftover: typeof leftover };
    await page.evaluate(() => console.log('from the page'));
    return seen;
  )"));
  EXPECT_EQ(response.result_json(), "{\"title\":\"clicked\",\"leftover\":\"undefined\"}")
      << response.DebugString();
  EXPECT_EQ(response.stdout(), "");

  ORCH_ASSERT_OK_AND_ASSIGN(
      response,
      Execute("const page = context.pages()[0];\nawait page.click('#no', { timeout: 100 });"));
  EXPECT_FALSE(response.success());
  EXPECT_EQ(response.error().name(), "TimeoutError");
  EXPECT_THAT(response.error().stack(), HasSubstr("script:2"));

  EXPECT_THAT(Execute("return 1;\n}{ let x = ;"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("SyntaxError"), HasSubstr("line 2"))));

  ORCH_ASSERT_OK_AND_ASSIGN(response, Execute("console.log('begun'); while (true) {}", 3));
  EXPECT_EQ(response.error().name(), "ScriptTimeoutError");
  EXPECT_EQ(response.stdout(), "begun\n");
  ORCH_ASSERT_OK_AND_ASSIGN(response, Execute("return page.title()"));
  EXPECT_EQ(response.result_json(), "\"clicked\"") << response.DebugString();
}

}  // namespace
}  // namespace orch::testing

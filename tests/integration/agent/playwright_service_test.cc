#include "orchestrator/agent/playwright/playwright_service.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel_posix.h"
#include "gtest/gtest.h"

#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/server/agent_server.h"
#include "orchestrator/base/grpc_status.h"
#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::guest::v1::ExecuteRequest;
using ::guest::v1::ExecuteResponse;
using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class PlaywrightServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({ORCH_FAKE_SCRIPT_RUNNER}); }

  void TearDown() override {
    stub_.reset();
    server_.reset();
    service_.reset();
  }

  void Start(std::vector<std::string> command) {
    TearDown();
    service_ = std::make_unique<PlaywrightService>(
        PlaywrightService::Options{.children = {*loop_, *reaper_, nullptr},
                                   .users = users_,
                                   .user = "root",
                                   .command = std::move(command),
                                   .devtools_url = "http://devtools"});
    server_ = AgentServer::Create({service_.get()}).value();
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    server_->AddConnection(UniqueFd(sockets[0]));
    stub_ = guest::v1::PlaywrightService::NewStub(
        grpc::CreateInsecureChannelFromFd("guest", sockets[1]));
  }

  absl::StatusOr<ExecuteResponse> Execute(const std::string& code) {
    ExecuteRequest request;
    request.set_code(code);
    return Execute(request);
  }

  absl::StatusOr<ExecuteResponse> Execute(const ExecuteRequest& request) {
    grpc::ClientContext context;
    ExecuteResponse response;
    const grpc::Status status = stub_->Execute(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }

  const UserDatabase users_{"/etc"};
  const std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
  const std::unique_ptr<ChildReaper> reaper_ = ChildReaper::Create(*loop_).value();
  std::unique_ptr<PlaywrightService> service_;
  std::unique_ptr<AgentServer> server_;
  std::unique_ptr<guest::v1::PlaywrightService::Stub> stub_;
};

TEST_F(PlaywrightServiceTest, ReturnsResultsAndWhatWasPrinted) {
  ORCH_ASSERT_OK_AND_ASSIGN(ExecuteResponse response, Execute("url"));
  EXPECT_TRUE(response.success());
  EXPECT_EQ(response.result_json(), "\"http://devtools\"");
  ORCH_ASSERT_OK_AND_ASSIGN(response, Execute("print"));
  EXPECT_TRUE(response.success());
  EXPECT_FALSE(response.has_result_json());
  EXPECT_EQ(response.stdout(), "out");
  EXPECT_EQ(response.stderr(), "err");
}

TEST_F(PlaywrightServiceTest, KeepsTheRunnerForTheNextScript) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse first, Execute("pid"));
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse second, Execute("pid"));
  EXPECT_EQ(first.result_json(), second.result_json());
}

TEST_F(PlaywrightServiceTest, TellsErrorsByName) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse response, Execute("throw"));
  EXPECT_FALSE(response.success());
  EXPECT_EQ(response.error().name(), "TypeError");
  EXPECT_EQ(response.error().message(), "no such thing");
  EXPECT_EQ(response.error().stack(), "at script:1");
}

TEST_F(PlaywrightServiceTest, CutsWhatIsPrintedInMasses) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse response, Execute("flood"));
  EXPECT_EQ(response.stdout().size(), ScriptRunner::kMaxPrintedBytes);
  EXPECT_TRUE(response.stdout_truncated());
}

TEST_F(PlaywrightServiceTest, KillsAScriptThatDoesNotEnd) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse before, Execute("pid"));
  ExecuteRequest request;
  request.set_code("hang");
  request.set_timeout_seconds(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse response, Execute(request));
  EXPECT_FALSE(response.success());
  EXPECT_EQ(response.error().name(), "ScriptTimeoutError");
  EXPECT_EQ(response.stdout(), "before");
  ORCH_ASSERT_OK_AND_ASSIGN(const ExecuteResponse after, Execute("pid"));
  EXPECT_TRUE(after.success());
  EXPECT_NE(after.result_json(), before.result_json());
}

TEST_F(PlaywrightServiceTest, TellsWhenTheProcessEndsOrIsOfNoUse) {
  ORCH_ASSERT_OK_AND_ASSIGN(ExecuteResponse response, Execute("die"));
  EXPECT_EQ(response.error().name(), "ScriptKilledError");
  EXPECT_THAT(response.error().message(),
              AllOf(HasSubstr("exit status 3"), HasSubstr("out of memory")));
  ORCH_ASSERT_OK_AND_ASSIGN(response, Execute("garbage"));
  EXPECT_EQ(response.error().name(), "ScriptKilledError");
  ORCH_ASSERT_OK_AND_ASSIGN(response, Execute("latin1"));
  EXPECT_EQ(response.result_json(), "(not UTF-8)");
}

TEST_F(PlaywrightServiceTest, RunsSomeScriptsAtTheSameTimeAndRefusesMore) {
  ExecuteRequest hang;
  hang.set_code("hang");
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  for (size_t i = 0; i <= PlaywrightService::kMaxScripts; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
  }
  // One of them is one too many, whichever comes last.
  absl::Notification refused;
  std::atomic<size_t> cancelled = 0;
  std::vector<std::thread> callers;
  for (const auto& context : contexts) {
    callers.emplace_back([&] {
      ExecuteResponse response;
      const grpc::Status status = stub_->Execute(context.get(), hang, &response);
      if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
        EXPECT_THAT(status.error_message(), HasSubstr("4 scripts"));
        refused.Notify();
      } else if (status.error_code() == grpc::StatusCode::CANCELLED) {
        ++cancelled;
      }
    });
  }
  refused.WaitForNotification();
  for (const auto& context : contexts) context->TryCancel();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(cancelled, PlaywrightService::kMaxScripts);
  // A cancelled call ends at its client before it does in the service.
  absl::Status free_again = absl::ResourceExhaustedError("");
  while (absl::IsResourceExhausted(free_again)) free_again = Execute("pid").status();
  EXPECT_THAT(free_again, IsOk());
}

TEST_F(PlaywrightServiceTest, RefusesBadInput) {
  EXPECT_THAT(Execute("syntax"), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("code does not parse: SyntaxError")));
  EXPECT_THAT(Execute(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1..1048576")));
  EXPECT_THAT(Execute(std::string(1024 * 1024 + 1, ' ')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1..1048576")));
  ExecuteRequest request;
  request.set_code("pid");
  for (const uint32_t seconds : {0, 301}) {
    request.set_timeout_seconds(seconds);
    EXPECT_THAT(Execute(request),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1..300")));
  }
}

TEST_F(PlaywrightServiceTest, IsUnavailableWithoutABrowser) {
  EXPECT_THAT(Execute("unreachable"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Chromium does not answer")));
}

TEST_F(PlaywrightServiceTest, SaysWhenThereIsNoRunner) {
  Start({});
  EXPECT_THAT(Execute("pid"), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Playwright")));
  Start({"/no/such/program"});
  EXPECT_THAT(Execute("pid"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("script runner")));
}

}  // namespace
}  // namespace orch::agent

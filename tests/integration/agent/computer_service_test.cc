#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "gmock/gmock.h"

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

class ComputerServiceTest : public AgentFixture {
 protected:
  // Starts an X server that chooses its own display, as a supervised program of a headful guest
  // would be.
  void StartScreen() {
    ASSERT_EQ(::access("/usr/bin/Xtigervnc", X_OK), 0) << "./scripts/setup installs Xtigervnc";
    guest::v1::SpawnRequest request;
    *request.mutable_spec() = ShellSpec(
        "exec Xtigervnc -displayfd 1 -geometry 320x200 -depth 24 -SecurityTypes None -rfbport 0 "
        "-localhost -nolisten tcp");
    grpc::ClientContext spawn_context;
    guest::v1::Process process;
    ASSERT_TRUE(process_->Spawn(&spawn_context, request, &process).ok());
    guest::v1::StreamOutputRequest stream;
    stream.set_process_id(process.process_id());
    grpc::ClientContext context;
    auto reader = process_->StreamOutput(&context, stream);
    guest::v1::StreamOutputResponse response;
    std::string display;
    while (display.find('\n') == std::string::npos && reader->Read(&response)) {
      ASSERT_FALSE(response.has_exited()) << "the X server did not start";
      if (response.output().stream() == guest::v1::OUTPUT_STREAM_STDOUT) {
        display += response.output().data();
      }
    }
    context.TryCancel();
    reader->Finish();
    display.pop_back();
    screen_service_ = std::make_unique<ComputerService>(":" + display);
    screen_server_ = AgentServer::Create({screen_service_.get()}).value();
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    screen_server_->AddConnection(UniqueFd(sockets[0]));
    screen_ =
        guest::v1::ComputerService::NewStub(grpc::CreateInsecureChannelFromFd("guest", sockets[1]));
  }

  grpc::Status Capture(const guest::v1::CaptureScreenshotRequest& request,
                       guest::v1::CaptureScreenshotResponse& response) {
    grpc::ClientContext context;
    return screen_->CaptureScreenshot(&context, request, &response);
  }

  std::unique_ptr<ComputerService> screen_service_;
  std::unique_ptr<AgentServer> screen_server_;
  std::unique_ptr<guest::v1::ComputerService::Stub> screen_;
};

TEST_F(ComputerServiceTest, NamesTheAlternativeWhenHeadless) {
  grpc::ClientContext context;
  guest::v1::CaptureScreenshotResponse response;
  const grpc::Status status = computer_->CaptureScreenshot(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("Page.captureScreenshot"));
}

TEST_F(ComputerServiceTest, IsUnavailableWithoutXServer) {
  StartAgent({.display = ":9999"});
  grpc::ClientContext context;
  guest::v1::CaptureScreenshotResponse response;
  EXPECT_EQ(computer_->CaptureScreenshot(&context, {}, &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  // It is not taken for a broken connection.
  EXPECT_THAT(context.GetServerTrailingMetadata(), Contains(Pair("answered-by", "agent")));
}

TEST_F(ComputerServiceTest, CapturesTheScreenAndPartsOfIt) {
  ASSERT_NO_FATAL_FAILURE(StartScreen());
  guest::v1::CaptureScreenshotRequest request;
  guest::v1::CaptureScreenshotResponse response;
  grpc::Status status = Capture(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.width(), 320u);
  EXPECT_EQ(response.height(), 200u);
  EXPECT_THAT(response.image(), StartsWith("\x89PNG\r\n"));

  request.mutable_region()->set_x(300);
  request.mutable_region()->set_y(190);
  request.mutable_region()->set_width(20);
  request.mutable_region()->set_height(10);
  ASSERT_TRUE(Capture(request, response).ok());
  EXPECT_EQ(response.width(), 20u);

  request.mutable_region()->set_width(21);
  status = Capture(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("320x200"));
  request.mutable_region()->set_width(0);
  EXPECT_EQ(Capture(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace orch::agent

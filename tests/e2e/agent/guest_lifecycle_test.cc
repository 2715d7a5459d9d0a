#include <stdlib.h>

#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/transport/guest_channel.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "tests/e2e/transport/minimal_guest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(120);
constexpr char kMachineId[] = "0123456789abcdef0123456789abcdef";
// 2100-01-01: no guest gets there by itself.
constexpr int64_t kFarSeconds = 4'102'444'800;

// The agent as PID 1 of a real guest: what it does to the kernel, which no other test may try.
class GuestLifecycleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* image = ::getenv("ORCH_TEST_IMAGE_DIR");
    ASSERT_NE(image, nullptr) << "ORCH_TEST_IMAGE_DIR does not name the minimal image; run the "
                                 "tests with ./scripts/test";
    guest_ = std::make_unique<testing::MinimalGuest>(image, directory_.File("port"),
                                                     directory_.File("console"));
    ORCH_ASSERT_OK_AND_ASSIGN(const auto channel, connection_.Get(absl::Now() + kPatience));
    lifecycle_ = guest::v1::LifecycleService::NewStub(channel);
    processes_ = guest::v1::ProcessService::NewStub(channel);
  }

  // What a shell in the guest prints.
  std::string Shell(const std::string& script) {
    guest::v1::ExecRequest request;
    request.mutable_spec()->set_command("/bin/sh");
    request.mutable_spec()->add_args("-c");
    request.mutable_spec()->add_args(script);
    guest::v1::ExecResponse response;
    grpc::ClientContext context;
    const grpc::Status status = processes_->Exec(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.stdout();
  }

  guest::v1::Process Spawn() {
    guest::v1::SpawnRequest request;
    request.mutable_spec()->set_command("/bin/true");
    guest::v1::Process process;
    grpc::ClientContext context;
    const grpc::Status status = processes_->Spawn(&context, request, &process);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return process;
  }

  grpc::Status Resumed(const guest::v1::ResumedRequest& request,
                       guest::v1::ResumedResponse& response) {
    grpc::ClientContext context;
    return lifecycle_->Resumed(&context, request, &response);
  }

  testing::TempDir directory_;
  std::unique_ptr<testing::MinimalGuest> guest_;
  SystemClock clock_;
  VirtioSerialTransport transport_;
  GuestChannel connection_{transport_, VirtioSerialAddress{directory_.File("port")}, clock_};
  std::unique_ptr<guest::v1::LifecycleService::Stub> lifecycle_;
  std::unique_ptr<guest::v1::ProcessService::Stub> processes_;
};

TEST_F(GuestLifecycleTest, ResumedGivesTheGuestTimeRandomNumbersAndIdentity) {
  guest::v1::ResumedRequest request;
  request.mutable_now()->set_seconds(kFarSeconds);
  request.set_entropy(std::string(512, 'e'));
  request.set_machine_id(kMachineId);
  request.set_hostname("b-1");
  guest::v1::ResumedResponse response;
  grpc::Status status = Resumed(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_GT(response.clock_step().seconds(), 0);

  int64_t seconds = 0;
  ASSERT_TRUE(absl::SimpleAtoi(Shell("date +%s"), &seconds));
  EXPECT_GE(seconds, kFarSeconds);
  EXPECT_LE(seconds, kFarSeconds + absl::ToInt64Seconds(kPatience));
  EXPECT_EQ(Shell("hostname; cat /etc/hostname /etc/machine-id"),
            absl::StrCat("b-1\nb-1\n", kMachineId, "\n"));

  // Back again, and nothing else.
  guest::v1::ResumedRequest back;
  back.mutable_now()->set_seconds(kFarSeconds - 1000);
  status = Resumed(back, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_LT(response.clock_step().seconds(), 0);
  EXPECT_EQ(Shell("hostname"), "b-1\n");
}

TEST_F(GuestLifecycleTest, TheAgentTellsTheNewTimeAtOnce) {
  // A clock that extrapolates does so once it has seen a few seconds pass.
  Spawn();
  Shell("sleep 3");
  Spawn();
  guest::v1::ResumedRequest request;
  request.mutable_now()->set_seconds(kFarSeconds);
  guest::v1::ResumedResponse response;
  const grpc::Status status = Resumed(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_GE(Spawn().started_at().seconds(), kFarSeconds);
}

TEST_F(GuestLifecycleTest, PreparesASnapshot) {
  guest::v1::PrepareSnapshotRequest request;
  request.mutable_idle_timeout()->set_seconds(60);
  guest::v1::PrepareSnapshotResponse response;
  grpc::ClientContext context;
  const grpc::Status status = lifecycle_->PrepareSnapshot(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace orch

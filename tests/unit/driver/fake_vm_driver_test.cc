#include "orchestrator/driver/fake/fake_vm_driver.h"

#include <unistd.h>

#include "absl/synchronization/notification.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

class FakeVmDriverTest : public ::testing::Test {
 protected:
  VmConfig Config() const {
    return {.id = VmId::Generate(), .memory_mib = 512, .vcpus = 1, .directory = "/vm"};
  }

  std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
  FakeVmDriver driver_{host_};
};

TEST_F(FakeVmDriverTest, MachinesRunAsThisProcess) {
  EXPECT_EQ(driver_.host().vm_uid, ::geteuid());
  EXPECT_EQ(driver_.host().vm_gid, ::getegid());
}

TEST_F(FakeVmDriverTest, KilledMachineIsGoneAndItsReasonIsTold) {
  const VmConfig config = Config();
  ORCH_ASSERT_OK(driver_.Start(config));
  absl::Notification stopped;
  std::string reason;
  auto subscription = driver_.Subscribe([&](const VmEvent& event) {
    reason = event.reason;
    stopped.Notify();
  });
  ORCH_ASSERT_OK(host_->Kill(config.id, "out of memory"));
  stopped.WaitForNotification();
  EXPECT_EQ(reason, "out of memory");
  EXPECT_THAT(driver_.Get(config.id), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FakeVmDriverTest, OnlyTheNextStartFails) {
  host_->FailNextStart(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(driver_.Start(Config()), StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  ORCH_EXPECT_OK(driver_.Start(Config()));
}

TEST_F(FakeVmDriverTest, AgentAddressIsTheHooks) {
  host_->SetAgentAddressHook([](const VmConfig&) { return VsockAddress{7, 8}; });
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_.Start(Config()));
  EXPECT_EQ(info.agent, GuestAddress(VsockAddress{7, 8}));
}

TEST_F(FakeVmDriverTest, MachineWithoutAgentHasNoAddress) {
  VmConfig config = Config();
  config.has_agent = false;
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_.Start(config));
  EXPECT_EQ(info.agent, GuestAddress());
}

TEST_F(FakeVmDriverTest, ConsoleTailIsTheEndOfWhatTheTestSet) {
  host_->SetConsole("/vm", "kernel panic");
  EXPECT_EQ(*driver_.ConsoleTail("/vm", 5), "panic");
  EXPECT_EQ(*driver_.ConsoleTail("/other", 5), "");
}

}  // namespace
}  // namespace orch

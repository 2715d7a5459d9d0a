// The same promises as with the embedded driver, kept with a libvirt daemon.
#include <signal.h>

#include "absl/cleanup/cleanup.h"
#include "absl/synchronization/notification.h"

#include "tests/contract/driver/vm_driver_contract.h"
#include "tests/e2e/driver/libvirt_world.h"
#include "tests/e2e/driver/system_libvirtd.h"
#include "tests/support/status_matchers.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

const ::testing::Environment* const kSystemLibvirtd =
    ::testing::AddGlobalTestEnvironment(new SystemLibvirtdEnvironment);

INSTANTIATE_TEST_SUITE_P(Libvirt, VmDriverContractTest,
                         ::testing::Values(VmDriverWorldParam{
                             "System", [] { return LibvirtWorld::System(); }}),
                         [](const auto& world) { return world.param.name; });

// The daemon's process files and logs are where the driver looks.
TEST(LibvirtSystemTest, DeathOfTheProcessIsToldWithItsReason) {
  const std::unique_ptr<LibvirtWorld> world = LibvirtWorld::System();
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmDriver> driver, world->Open());
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig config, world->NewConfig());
  const absl::Cleanup destroy = [&] { driver->Destroy(config.id).IgnoreError(); };
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver->Start(config));
  absl::Notification stopped;
  std::string reason;
  const auto subscription = driver->Subscribe([&](const VmEvent& event) {
    if (event.kind != VmEventKind::kStopped) return;
    reason = event.reason;
    stopped.Notify();
  });
  ASSERT_GT(info.pid, 0);
  ASSERT_EQ(::kill(static_cast<pid_t>(info.pid), SIGKILL), 0);
  ASSERT_TRUE(stopped.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_THAT(reason, HasSubstr("its log ends: "));
  EXPECT_THAT(driver->Get(config.id), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace orch::testing

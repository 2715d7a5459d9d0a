// A program of its own: it forks, so nothing else may have opened libvirt before.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/e2e/driver/libvirt_world.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::LibvirtWorld;

// A process that starts a machine, tells its pid through `out`, and waits to be killed.
[[noreturn]] void StartAndWait(LibvirtWorld& world, const VmConfig& config, int out) {
  auto driver = world.Open();
  int64_t pid = 0;
  if (driver.ok()) {
    const auto info = (*driver)->Start(config);
    if (info.ok()) pid = info->pid;
  }
  if (::write(out, &pid, sizeof(pid)) < 0) ::_exit(1);
  while (true) ::pause();
}

TEST(LibvirtAdoptionTest, MachinesOutliveAKilledProcess) {
  const std::unique_ptr<LibvirtWorld> world = LibvirtWorld::Embedded();
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig config, world->NewConfig());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  // This process has not touched libvirt and has no other threads yet.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) StartAndWait(*world, config, ends[1]);
  const UniqueFd in(ends[0]);
  UniqueFd(ends[1]).Reset();
  int64_t pid = 0;
  EXPECT_EQ(::read(in.get(), &pid, sizeof(pid)), static_cast<ssize_t>(sizeof(pid)));
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_GT(pid, 0);

  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmDriver> driver, world->Open());
  const absl::Cleanup destroy = [&] { driver->Destroy(config.id).IgnoreError(); };
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<VmInfo> machines, driver->List());
  ASSERT_EQ(machines.size(), 1u);
  EXPECT_EQ(machines[0].id, config.id);
  EXPECT_EQ(machines[0].pid, pid);
  ORCH_EXPECT_OK(driver->Pause(config.id));
  ORCH_EXPECT_OK(driver->Resume(config.id));
  ORCH_EXPECT_OK(driver->Destroy(config.id));
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat("/proc/", pid)));
}

}  // namespace
}  // namespace orch

#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

#include "orchestrator/base/files.h"
#include "tests/e2e/driver/libvirt_world.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::LibvirtWorld;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr absl::Duration kBootTimeout = absl::Seconds(60);
constexpr absl::Duration kPollInterval = absl::Milliseconds(100);

class LibvirtVmDriverTest : public ::testing::Test {
 protected:
  void Open() {
    ORCH_ASSERT_OK_AND_ASSIGN(driver_, world_->Open());
    ORCH_ASSERT_OK_AND_ASSIGN(config_, world_->NewConfig());
  }
  void TearDown() override {
    if (driver_ != nullptr) {
      EXPECT_THAT(driver_->Destroy(config_.id), ::orch::testing::IsOk());
    }
  }

  std::string ProcessLog(const VmId& id) const {
    return absl::StrCat(world_->options().embed_root, "/log/qemu/", id.value(), ".log");
  }

  const std::unique_ptr<LibvirtWorld> world_ = LibvirtWorld::Embedded();
  std::unique_ptr<VmDriver> driver_;
  VmConfig config_{.id = VmId::Generate()};
};

TEST_F(LibvirtVmDriverTest, TellsAboutItsHost) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const HostInfo& host = driver_->host();
  EXPECT_THAT(host.hypervisor_version, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(host.library_version, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_GT(host.cpus, 0u);
  EXPECT_GT(host.memory_mib, 0u);
}

TEST_F(LibvirtVmDriverTest, GuestWritesToItsConsoleAndTheTailIsBounded) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK(driver_->Start(config_));
  const absl::Time deadline = absl::Now() + kBootTimeout;
  std::string console;
  while (console.size() < 16 && absl::Now() < deadline) {
    absl::SleepFor(kPollInterval);
    ORCH_ASSERT_OK_AND_ASSIGN(console, driver_->ConsoleTail(config_.directory, 16));
  }
  EXPECT_EQ(console.size(), 16u);
}

TEST_F(LibvirtVmDriverTest, QemuRunsUnprivilegedInASandboxWhenStartedByRoot) {
  ASSERT_EQ(::geteuid(), 0u) << "only root can run QEMU as another user";
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Start(config_));
  ASSERT_GT(info.pid, 0);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string status,
                            ReadFile(absl::StrCat("/proc/", info.pid, "/status"), 65536));
  const uint32_t uid = driver_->host().vm_uid;
  ASSERT_NE(uid, 0u);
  EXPECT_THAT(status,
              AllOf(HasSubstr(absl::StrCat("Uid:\t", uid, "\t", uid, "\t", uid, "\t", uid, "\n")),
                    HasSubstr("\nSeccomp:\t2\n"), HasSubstr("\nNoNewPrivs:\t1\n"),
                    HasSubstr("\nCapEff:\t0000000000000000\n")));
}

TEST_F(LibvirtVmDriverTest, DestroyLeavesNoProcessAndNoLog) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Start(config_));
  ASSERT_GT(info.pid, 0);
  EXPECT_TRUE(std::filesystem::exists(ProcessLog(config_.id)));
  ORCH_ASSERT_OK(driver_->Destroy(config_.id));
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat("/proc/", info.pid)));
  EXPECT_FALSE(std::filesystem::exists(ProcessLog(config_.id)));
}

TEST_F(LibvirtVmDriverTest, LogsOfMachinesThatAreGoneAreRemovedAtCreation) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK(driver_->Start(config_));
  const VmId gone = VmId::Generate();
  std::ofstream(ProcessLog(gone)) << "leftover";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmDriver> next, world_->Open());
  EXPECT_FALSE(std::filesystem::exists(ProcessLog(gone)));
  EXPECT_TRUE(std::filesystem::exists(ProcessLog(config_.id)));
}

TEST_F(LibvirtVmDriverTest, MachinesOfAnotherOwnerAreLeftAlone) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK(driver_->Start(config_));
  LibvirtOptions options = world_->options();
  options.owner = "/somebody & 'else'";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmDriver> other,
                            LibvirtVmDriver::Create(options));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<VmInfo> machines, other->List());
  EXPECT_TRUE(machines.empty());
  EXPECT_THAT(other->Get(config_.id), StatusIs(absl::StatusCode::kNotFound));
  ORCH_EXPECT_OK(other->Destroy(config_.id));
  ORCH_EXPECT_OK(driver_->Get(config_.id));

  ORCH_ASSERT_OK(driver_->Destroy(config_.id));
  ORCH_ASSERT_OK(other->Start(config_));
  EXPECT_THAT(driver_->Get(config_.id), StatusIs(absl::StatusCode::kNotFound));
  ORCH_EXPECT_OK(other->Get(config_.id));
  ORCH_EXPECT_OK(other->Destroy(config_.id));
}

TEST_F(LibvirtVmDriverTest, ConsoleOfAnAdoptedMachineIsKeptSmall) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK(driver_->Start(config_));
  driver_.reset();
  const std::string console = config_.directory + "/console.log";
  std::ofstream(console, std::ios::app) << std::string(3 << 20, 'x');
  ORCH_ASSERT_OK_AND_ASSIGN(driver_, world_->Open());
  const absl::Time deadline = absl::Now() + kBootTimeout;
  while (std::filesystem::file_size(console) > 1 << 20 && absl::Now() < deadline) {
    absl::SleepFor(kPollInterval);
  }
  EXPECT_LE(std::filesystem::file_size(console), 1u << 20);
}

TEST_F(LibvirtVmDriverTest, DeathOfTheProcessIsToldWithItsReason) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Start(config_));
  ASSERT_GT(info.pid, 0);
  absl::Notification stopped;
  std::string reason;
  const auto subscription = driver_->Subscribe([&](const VmEvent& event) {
    if (event.id != config_.id || event.kind != VmEventKind::kStopped) return;
    reason = event.reason;
    stopped.Notify();
  });
  ASSERT_EQ(::kill(static_cast<pid_t>(info.pid), SIGKILL), 0);
  ASSERT_TRUE(stopped.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_THAT(reason, AllOf(Not(StartsWith("destroyed")), HasSubstr("killed by signal 9"),
                            HasSubstr("its log ends: ")));
  EXPECT_THAT(driver_->Get(config_.id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(ProcessLog(config_.id)));
}

TEST_F(LibvirtVmDriverTest, FailedStartLeavesNothingBehind) {
  ASSERT_NO_FATAL_FAILURE(Open());
  // QEMU refuses it: not a qcow2 disk.
  VmConfig config = config_;
  config.scratch_disk = config.kernel;
  EXPECT_FALSE(driver_->Start(config).ok());
  EXPECT_THAT(driver_->Get(config.id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(config.directory + "/console.log"));
  EXPECT_FALSE(std::filesystem::exists(config.directory + "/agent.sock"));
  EXPECT_FALSE(std::filesystem::exists(ProcessLog(config.id)));
  ORCH_EXPECT_OK(driver_->Start(config_));
}

TEST_F(LibvirtVmDriverTest, KvmIsNotUsedWhereGuestsWouldHang) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const orch::testing::TempDir dir;
  LibvirtOptions options = world_->options();
  // A device that opens, on a processor that cannot virtualize.
  options.kvm_device = "/dev/null";
  options.cpuinfo = dir.File("cpuinfo");
  std::ofstream(options.cpuinfo) << "flags\t\t: fpu sse2\n";
  options.accelerator = AcceleratorChoice::kKvm;
  EXPECT_THAT(LibvirtVmDriver::Create(options),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("neither vmx nor svm"), HasSubstr("auto or tcg"))));
  options.accelerator = AcceleratorChoice::kAuto;
  ORCH_ASSERT_OK_AND_ASSIGN(driver_, LibvirtVmDriver::Create(options));
  EXPECT_EQ(driver_->host().accelerator, Accelerator::kTcg);
  EXPECT_THAT(driver_->host().accelerator_reason, HasSubstr("neither vmx nor svm"));
}

TEST_F(LibvirtVmDriverTest, ALibvirtDaemonThatDoesNotAnswerIsUnavailable) {
  EXPECT_THAT(LibvirtVmDriver::Create({.uri = "qemu+unix:///system?socket=/does/not/exist"}),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("/does/not/exist"), HasSubstr("is the libvirt daemon up"))));
}

TEST_F(LibvirtVmDriverTest, KernelAloneBoots) {
  ASSERT_NO_FATAL_FAILURE(Open());
  config_.initramfs = config_.root_disk = config_.scratch_disk = "";
  config_.has_agent = false;
  ORCH_ASSERT_OK(driver_->Start(config_));
  const absl::Time deadline = absl::Now() + kBootTimeout;
  std::string console;
  // There is nothing to run, so this is as far as it gets.
  while (!absl::StrContains(console, "Unable to mount root fs") && absl::Now() < deadline) {
    absl::SleepFor(kPollInterval);
    ORCH_ASSERT_OK_AND_ASSIGN(console, driver_->ConsoleTail(config_.directory, 65536));
  }
  EXPECT_THAT(console, HasSubstr("Unable to mount root fs"));
}

// Prints what the steps take; the machine decides, so nothing is demanded.
TEST_F(LibvirtVmDriverTest, ReportsDurations) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto timed = [](absl::string_view step, const auto& call) {
    const absl::Time start = absl::Now();
    ORCH_EXPECT_OK(call());
    std::cout << step << " " << absl::FormatDuration(absl::Now() - start) << "\n";
  };
  timed("start", [&] { return driver_->Start(config_).status(); });
  for (int i = 0; i < 3; ++i) {
    timed("pause", [&] { return driver_->Pause(config_.id); });
    timed("resume", [&] { return driver_->Resume(config_.id); });
  }
  timed("destroy", [&] { return driver_->Destroy(config_.id); });
}

}  // namespace
}  // namespace orch

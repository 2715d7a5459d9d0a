#include "orchestrator/driver/fake/fake_vm_driver.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/synchronization/notification.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

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
  host_->FailNext(FakeCall::kStart, absl::ResourceExhaustedError("full"));
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
  EXPECT_EQ(*driver_.ConsoleTail("/vm", 50), "kernel panic");
  EXPECT_EQ(*driver_.ConsoleTail("/other", 5), "");
}

TEST_F(FakeVmDriverTest, ConsoleThatTheTestCutsBeginsAnew) {
  host_->SetConsole("/vm", "kernel panic");
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmConsole> console, driver_.OpenConsole("/vm"));
  host_->SetConsole("/vm", "cut");
  ORCH_ASSERT_OK_AND_ASSIGN(const ConsoleChunk chunk, console->Read(12, 50));
  EXPECT_EQ(chunk.offset, 0u);
  EXPECT_EQ(chunk.bytes, "cut");
}

class FakeVmCheckpointsTest : public FakeVmDriverTest {
 protected:
  // A paused machine that booted with memory "template", and its saved devices.
  void MakeTemplate() {
    VmConfig config = Config();
    config.memory_file = ram_;
    ORCH_ASSERT_OK(driver_.Start(config));
    ORCH_ASSERT_OK(host_->SetMemory(config.id, "template"));
    ORCH_ASSERT_OK(driver_.Pause(config.id));
    ORCH_ASSERT_OK_AND_ASSIGN(devices_, checkpoints().SaveDevices(config.id));
  }
  VmId StartShell() {
    VmConfig config = Config();
    config.start = VmStart::kShell;
    config.memory_file = ram_;
    config.scratch_disk = "/scratch";
    EXPECT_THAT(driver_.Start(config), ::orch::testing::IsOk());
    return config.id;
  }
  VmCheckpoints& checkpoints() { return driver_.checkpoints(); }

  const ::orch::testing::TempDir dir_;
  const std::string ram_ = dir_.File("ram");
  std::string devices_;
};

TEST_F(FakeVmCheckpointsTest, ClonesHaveTheTemplatesMemory) {
  ASSERT_NO_FATAL_FAILURE(MakeTemplate());
  const VmId clone = StartShell();
  EXPECT_EQ(*host_->Memory(clone), "");
  ORCH_ASSERT_OK(checkpoints().LoadDevices(clone, devices_));
  EXPECT_EQ(*host_->Memory(clone), "template");
}

TEST_F(FakeVmCheckpointsTest, MemoryFileKeepsItsLength) {
  std::ofstream(ram_) << std::string(4096, '\0');
  ASSERT_NO_FATAL_FAILURE(MakeTemplate());
  EXPECT_EQ(std::filesystem::file_size(ram_), 4096u);
  const VmId clone = StartShell();
  ORCH_ASSERT_OK(checkpoints().LoadDevices(clone, devices_));
  EXPECT_EQ(*host_->Memory(clone), "template");
}

TEST_F(FakeVmCheckpointsTest, DevicesOfAnotherMomentThanTheMemoryAreRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeTemplate());
  const VmId clone = StartShell();
  ORCH_ASSERT_OK(checkpoints().LoadDevices(clone, devices_));
  ORCH_ASSERT_OK(checkpoints().SavePages(clone, dir_.File("early")));
  ORCH_ASSERT_OK(driver_.Resume(clone));
  ORCH_ASSERT_OK(driver_.Pause(clone));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string late, checkpoints().SaveDevices(clone));
  const VmId with_pages = StartShell();
  ORCH_ASSERT_OK(checkpoints().LoadPages(with_pages, dir_.File("early")));
  EXPECT_THAT(checkpoints().LoadDevices(with_pages, late),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(checkpoints().LoadDevices(StartShell(), late),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FakeVmCheckpointsTest, ReplacedScratchDiskIsInTheConfiguration) {
  const VmId shell = StartShell();
  ORCH_ASSERT_OK(checkpoints().ReplaceScratchDisk(shell, "/other"));
  EXPECT_EQ(host_->Config(shell)->scratch_disk, "/other");
}

TEST_F(FakeVmCheckpointsTest, EachCallCanBeMadeToFailOnce) {
  ASSERT_NO_FATAL_FAILURE(MakeTemplate());
  const VmId shell = StartShell();
  for (const FakeCall call :
       {FakeCall::kLoadDevices, FakeCall::kSaveDevices, FakeCall::kSavePages, FakeCall::kLoadPages,
        FakeCall::kReplaceScratchDisk, FakeCall::kPause, FakeCall::kResume, FakeCall::kGet,
        FakeCall::kList, FakeCall::kDestroy}) {
    host_->FailNext(call, absl::AbortedError("injected"));
  }
  const auto fails = StatusIs(absl::StatusCode::kAborted);
  EXPECT_THAT(checkpoints().ReplaceScratchDisk(shell, "/other"), fails);
  EXPECT_THAT(checkpoints().LoadPages(shell, dir_.File("pages")), fails);
  EXPECT_THAT(checkpoints().LoadDevices(shell, devices_), fails);
  ORCH_EXPECT_OK(checkpoints().LoadDevices(shell, devices_));
  EXPECT_THAT(checkpoints().SaveDevices(shell), fails);
  EXPECT_THAT(checkpoints().SavePages(shell, dir_.File("pages")), fails);
  EXPECT_FALSE(std::filesystem::exists(dir_.File("pages")));
  EXPECT_THAT(driver_.Resume(shell), fails);
  EXPECT_THAT(driver_.Pause(shell), fails);
  EXPECT_THAT(driver_.Get(shell), fails);
  EXPECT_THAT(driver_.List(), fails);
  EXPECT_THAT(driver_.Destroy(shell), fails);
  ORCH_EXPECT_OK(driver_.Destroy(shell));
}

TEST_F(FakeVmCheckpointsTest, FailuresOfOneCallQueueUp) {
  host_->FailNext(FakeCall::kStart, absl::AbortedError("one"));
  host_->FailNext(FakeCall::kStart, absl::UnavailableError("two"));
  EXPECT_THAT(driver_.Start(Config()), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(driver_.Start(Config()), StatusIs(absl::StatusCode::kUnavailable));
  ORCH_EXPECT_OK(driver_.Start(Config()));
}

}  // namespace
}  // namespace orch

// What every VmCheckpoints promises. Linked with a file that instantiates it for an implementation.
#include "tests/contract/driver/vm_checkpoints_contract.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"

#include "tests/support/status_matchers.h"

namespace orch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kEventTimeout = absl::Seconds(20);

auto IsWrongState() { return StatusIs(absl::StatusCode::kFailedPrecondition); }

}  // namespace

TEST_P(VmCheckpointsContractTest, ShellIsPausedAndListed) {
  const VmConfig shell = StartBlankShell();
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Get(shell.id));
  EXPECT_EQ(info.state, VmState::kPaused);
  EXPECT_EQ(driver_->List()->size(), 1u);
  ORCH_EXPECT_OK(driver_->Pause(shell.id));
}

TEST_P(VmCheckpointsContractTest, ShellNeedsAMemoryFile) {
  ORCH_ASSERT_OK_AND_ASSIGN(VmConfig config, world_->NewBoot());
  config.start = VmStart::kShell;
  config.memory_file.clear();
  EXPECT_THAT(driver_->Start(config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("memory_file")));
}

TEST_P(VmCheckpointsContractTest, ShellCanOnlyBeLoaded) {
  const VmConfig shell = StartBlankShell();
  EXPECT_THAT(driver_->Resume(shell.id), IsWrongState());
  EXPECT_THAT(checkpoints_->SaveDevices(shell.id), IsWrongState());
  EXPECT_THAT(checkpoints_->SavePages(shell.id, dir_.File("pages")), IsWrongState());
  EXPECT_FALSE(std::filesystem::exists(dir_.File("pages")));
  EXPECT_EQ(driver_->Get(shell.id)->state, VmState::kPaused);
}

TEST_P(VmCheckpointsContractTest, ClonesCountOnFromTheTemplate) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  for (int i = 0; i < 2; ++i) {
    VmConfig clone{.id = VmId::Generate()};
    ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
    EXPECT_EQ(driver_->Get(clone.id)->state, VmState::kPaused);
    ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(clone, saved.count));
  }
}

TEST_P(VmCheckpointsContractTest, StandbyCountsOnInAnotherMachineAgainAndAgain) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  for (int i = 0; i < 3; ++i) {
    VmConfig machine{.id = VmId::Generate()};
    ASSERT_NO_FATAL_FAILURE(Load(saved, machine));
    ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(machine, saved.count));
    ORCH_ASSERT_OK(driver_->Pause(machine.id));
    Saved next;
    ASSERT_NO_FATAL_FAILURE(Save(machine, saved, next));
    EXPECT_GT(next.count, saved.count);
    ORCH_ASSERT_OK(driver_->Destroy(machine.id));
    saved = next;
  }
}

TEST_P(VmCheckpointsContractTest, SourceOfAForkCountsOnBesideIt) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  VmConfig source{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, source));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(source, saved.count));
  ORCH_ASSERT_OK(driver_->Pause(source.id));
  Saved fork_point;
  ASSERT_NO_FATAL_FAILURE(Save(source, saved, fork_point));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(source, fork_point.count));
  VmConfig fork{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(fork_point, fork));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(fork, fork_point.count));
}

TEST_P(VmCheckpointsContractTest, ShellStartedWithAnotherDiskTakesTheOneOfTheState) {
  Saved first;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(first));
  VmConfig machine{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(first, machine));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(machine, first.count));
  ORCH_ASSERT_OK(driver_->Pause(machine.id));
  Saved later;
  ASSERT_NO_FATAL_FAILURE(Save(machine, first, later));
  ORCH_ASSERT_OK(driver_->Destroy(machine.id));

  // With the template's disk, as shells are kept ready.
  VmConfig shell = StartShell(first);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string disk, world_->CopyDisk(later.disk));
  ORCH_ASSERT_OK(checkpoints_->ReplaceScratchDisk(shell.id, disk));
  std::filesystem::remove(shell.scratch_disk);
  shell.scratch_disk = disk;
  ORCH_ASSERT_OK(checkpoints_->LoadPages(shell.id, later.pages));
  ORCH_ASSERT_OK(checkpoints_->LoadDevices(shell.id, later.devices));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(shell, later.count));
  // What it wrote is in the new file.
  ORCH_ASSERT_OK(driver_->Pause(shell.id));
  Saved again;
  ASSERT_NO_FATAL_FAILURE(Save(shell, first, again));
  VmConfig last{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(again, last));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(last, again.count));
}

TEST_P(VmCheckpointsContractTest, ScratchDiskCanBeReplacedAgain) {
  const VmConfig shell = StartBlankShell();
  for (int i = 0; i < 3; ++i) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string disk, world_->CopyDisk(shell.scratch_disk));
    ORCH_EXPECT_OK(checkpoints_->ReplaceScratchDisk(shell.id, disk));
  }
  EXPECT_THAT(checkpoints_->ReplaceScratchDisk(shell.id, "disk"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(VmCheckpointsContractTest, LoadedMachineTakesNoMore) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  VmConfig clone{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
  ORCH_ASSERT_OK(checkpoints_->SavePages(clone.id, dir_.File("pages")));
  EXPECT_THAT(checkpoints_->LoadDevices(clone.id, saved.devices), IsWrongState());
  EXPECT_THAT(checkpoints_->LoadPages(clone.id, dir_.File("pages")), IsWrongState());
  EXPECT_THAT(checkpoints_->ReplaceScratchDisk(clone.id, saved.disk), IsWrongState());
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(clone, saved.count));
  EXPECT_THAT(checkpoints_->SaveDevices(clone.id), IsWrongState());
  EXPECT_THAT(checkpoints_->SavePages(clone.id, dir_.File("running")), IsWrongState());
  EXPECT_THAT(checkpoints_->LoadDevices(clone.id, saved.devices), IsWrongState());
}

TEST_P(VmCheckpointsContractTest, MachineThatBootedIsNoShell) {
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig boot, world_->NewBoot());
  ORCH_ASSERT_OK(driver_->Start(boot));
  EXPECT_THAT(checkpoints_->SaveDevices(boot.id), IsWrongState());
  ORCH_ASSERT_OK(driver_->Pause(boot.id));
  EXPECT_THAT(checkpoints_->SavePages(boot.id, dir_.File("pages")), IsWrongState());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string devices, checkpoints_->SaveDevices(boot.id));
  EXPECT_THAT(checkpoints_->LoadDevices(boot.id, devices), IsWrongState());
  EXPECT_THAT(checkpoints_->LoadPages(boot.id, dir_.File("pages")), IsWrongState());
  EXPECT_THAT(checkpoints_->ReplaceScratchDisk(boot.id, boot.scratch_disk), IsWrongState());
  ORCH_EXPECT_OK(driver_->Destroy(boot.id));
}

TEST_P(VmCheckpointsContractTest, MachineWithoutMemoryFileCannotBeSaved) {
  ORCH_ASSERT_OK_AND_ASSIGN(VmConfig boot, world_->NewBoot());
  boot.memory_file.clear();
  ORCH_ASSERT_OK(driver_->Start(boot));
  ORCH_ASSERT_OK(driver_->Pause(boot.id));
  EXPECT_THAT(checkpoints_->SaveDevices(boot.id), IsWrongState());
  ORCH_EXPECT_OK(driver_->Destroy(boot.id));
}

TEST_P(VmCheckpointsContractTest, MachineWithoutScratchDiskGetsNone) {
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig boot, world_->NewBoot());
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig shell, world_->NewShell(boot, ""));
  ORCH_ASSERT_OK(driver_->Start(shell));
  EXPECT_THAT(checkpoints_->ReplaceScratchDisk(shell.id, boot.scratch_disk), IsWrongState());
  ORCH_EXPECT_OK(driver_->Destroy(shell.id));
}

TEST_P(VmCheckpointsContractTest, UnknownMachineIsNotFound) {
  const VmId id = VmId::Generate();
  const auto is_not_found = StatusIs(absl::StatusCode::kNotFound, HasSubstr(id.value()));
  EXPECT_THAT(checkpoints_->SaveDevices(id), is_not_found);
  EXPECT_THAT(checkpoints_->LoadDevices(id, "fake-devices 1"), is_not_found);
  EXPECT_THAT(checkpoints_->SavePages(id, dir_.File("pages")), is_not_found);
  EXPECT_THAT(checkpoints_->LoadPages(id, dir_.File("pages")), is_not_found);
  EXPECT_THAT(checkpoints_->ReplaceScratchDisk(id, "/disk"), is_not_found);
}

TEST_P(VmCheckpointsContractTest, DevicesThatAreNoneAreRefused) {
  const VmConfig shell = StartBlankShell();
  EXPECT_THAT(checkpoints_->LoadDevices(shell.id, ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(checkpoints_->LoadDevices(shell.id,
                                        std::string(VmCheckpoints::kMaxDeviceStateBytes + 1, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(checkpoints_->LoadDevices(shell.id, std::string(10000, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  // It is good for nothing, but can be destroyed.
  EXPECT_THAT(driver_->Resume(shell.id), IsWrongState());
  ORCH_EXPECT_OK(driver_->Destroy(shell.id));
}

TEST_P(VmCheckpointsContractTest, CutDevicesAreRefused) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  const VmConfig shell = StartShell(saved);
  EXPECT_THAT(
      checkpoints_->LoadDevices(shell.id, saved.devices.substr(0, saved.devices.size() / 2)),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(VmCheckpointsContractTest, PagesAreWrittenIntoANewFileOnly) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  VmConfig clone{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
  const std::string path = dir_.File("mine");
  std::ofstream(path) << "mine";
  EXPECT_THAT(checkpoints_->SavePages(clone.id, path),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path)));
  EXPECT_EQ(std::filesystem::file_size(path), 4u);
}

TEST_P(VmCheckpointsContractTest, DamagedOrMissingPagesAreDataLoss) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  VmConfig clone{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(clone, saved.count));
  ORCH_ASSERT_OK(driver_->Pause(clone.id));
  Saved standby;
  ASSERT_NO_FATAL_FAILURE(Save(clone, saved, standby));
  std::fstream file(standby.pages, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const char last = static_cast<char>(file.get());
  file.seekp(-1, std::ios::end);
  file.put(static_cast<char>(last ^ 1));
  file.close();
  const VmConfig shell = StartShell(saved);
  EXPECT_THAT(checkpoints_->LoadPages(shell.id, standby.pages),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(standby.pages)));
  EXPECT_THAT(checkpoints_->LoadPages(shell.id, dir_.File("none")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(dir_.File("none"))));
}

TEST_P(VmCheckpointsContractTest, DriverOfALaterProcessLoadsAndSavesTheMachines) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  const VmConfig shell = StartShell(saved);
  ASSERT_NO_FATAL_FAILURE(Reopen());
  EXPECT_THAT(driver_->Resume(shell.id), IsWrongState());
  ORCH_ASSERT_OK(checkpoints_->LoadDevices(shell.id, saved.devices));
  ASSERT_NO_FATAL_FAILURE(Reopen());
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(shell, saved.count));
  ORCH_ASSERT_OK(driver_->Pause(shell.id));
  Saved standby;
  ASSERT_NO_FATAL_FAILURE(Save(shell, saved, standby));
}

TEST_P(VmCheckpointsContractTest, EventsOfAShellBeginWithItsResumption) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  absl::Mutex mutex;
  std::vector<std::pair<VmId, VmEventKind>> events;
  const auto subscription = driver_->Subscribe([&](const VmEvent& event) {
    absl::MutexLock lock(&mutex);
    events.emplace_back(event.id, event.kind);
  });
  VmConfig clone{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
  ORCH_ASSERT_OK(driver_->Resume(clone.id));
  ORCH_ASSERT_OK(driver_->Destroy(clone.id));
  absl::MutexLock lock(&mutex);
  const auto stopped = [&] {
    return !events.empty() && events.back() == std::pair(clone.id, VmEventKind::kStopped);
  };
  mutex.AwaitWithTimeout(absl::Condition(&stopped), kEventTimeout);
  std::vector<VmEventKind> kinds;
  for (const auto& [id, kind] : events) {
    if (id == clone.id) kinds.push_back(kind);
  }
  EXPECT_THAT(kinds, ElementsAre(VmEventKind::kResumed, VmEventKind::kStopped));
}

}  // namespace orch::testing

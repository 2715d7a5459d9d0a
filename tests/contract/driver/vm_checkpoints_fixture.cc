#include "tests/contract/driver/vm_checkpoints_fixture.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/support/status_matchers.h"

namespace orch::testing {

using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Le;

void VmCheckpointsFixture::SetUp() {
  world_ = GetParam().make();
  Reopen();
}

void VmCheckpointsFixture::TearDown() {
  if (driver_ == nullptr) return;
  for (const VmId& id : started_) EXPECT_THAT(driver_->Destroy(id), IsOk());
}

void VmCheckpointsFixture::Reopen() {
  driver_.reset();
  ORCH_ASSERT_OK_AND_ASSIGN(VmCheckpointsWorld::Opened opened, world_->Open());
  driver_ = std::move(opened.driver);
  checkpoints_ = opened.checkpoints;
}

VmConfig VmCheckpointsFixture::Started(absl::StatusOr<VmConfig> config) {
  EXPECT_THAT(config, IsOk());
  if (!config.ok()) return {.id = VmId::Generate()};
  started_.push_back(config->id);
  EXPECT_THAT(driver_->Start(*config), IsOk());
  return *std::move(config);
}

void VmCheckpointsFixture::MakeTemplate(Saved& saved) {
  saved.boot = Started(world_->NewBoot());
  for (int i = 0; i < 2; ++i) ORCH_ASSERT_OK(world_->NextCount(saved.boot));
  ORCH_ASSERT_OK(driver_->Pause(saved.boot.id));
  ORCH_ASSERT_OK_AND_ASSIGN(saved.devices, checkpoints_->SaveDevices(saved.boot.id));
  ORCH_ASSERT_OK_AND_ASSIGN(saved.count, world_->LastCount(saved.boot));
  ORCH_ASSERT_OK_AND_ASSIGN(saved.disk, world_->CopyDisk(saved.boot.scratch_disk));
  ORCH_ASSERT_OK(driver_->Destroy(saved.boot.id));
}

VmConfig VmCheckpointsFixture::StartShell(const Saved& saved) {
  const absl::StatusOr<std::string> disk = world_->CopyDisk(saved.disk);
  EXPECT_THAT(disk, IsOk());
  return Started(world_->NewShell(saved.boot, disk.value_or("")));
}

VmConfig VmCheckpointsFixture::StartBlankShell() {
  const absl::StatusOr<VmConfig> boot = world_->NewBoot();
  EXPECT_THAT(boot, IsOk());
  if (!boot.ok()) return {.id = VmId::Generate()};
  return Started(world_->NewShell(*boot, boot->scratch_disk));
}

void VmCheckpointsFixture::Load(const Saved& saved, VmConfig& machine) {
  machine = StartShell(saved);
  if (!saved.pages.empty()) {
    ORCH_ASSERT_OK(checkpoints_->LoadPages(machine.id, saved.pages));
  }
  ORCH_ASSERT_OK(checkpoints_->LoadDevices(machine.id, saved.devices));
}

void VmCheckpointsFixture::Save(const VmConfig& machine, const Saved& base, Saved& saved) {
  saved.boot = base.boot;
  saved.pages = dir_.File(absl::StrCat("pages", ++saves_));
  ORCH_ASSERT_OK_AND_ASSIGN(saved.devices, checkpoints_->SaveDevices(machine.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const PageCount count,
                            checkpoints_->SavePages(machine.id, saved.pages));
  EXPECT_GT(count.changed_bytes, 0u);
  EXPECT_EQ(count.file_bytes, std::filesystem::file_size(saved.pages));
  ORCH_ASSERT_OK_AND_ASSIGN(saved.count, world_->LastCount(machine));
  ORCH_ASSERT_OK_AND_ASSIGN(saved.disk, world_->CopyDisk(machine.scratch_disk));
}

void VmCheckpointsFixture::ExpectCountsOnFrom(const VmConfig& machine, uint64_t count) {
  ORCH_ASSERT_OK(driver_->Resume(machine.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const uint64_t next, world_->NextCount(machine));
  // It may have been saved within the line that tells the number.
  EXPECT_THAT(next, AllOf(Gt(count), Le(count + 2)));
  ORCH_ASSERT_OK_AND_ASSIGN(const uint64_t later, world_->NextCount(machine));
  EXPECT_EQ(later, next + 1);
}

}  // namespace orch::testing

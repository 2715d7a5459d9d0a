#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "tests/support/fake_clock.h"
#include "tests/support/small_disk.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/snapshot/fake_checkpoints.h"
#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::kTemplateDevices;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::SmallDisk;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::orch::testing::WriteMachineFiles;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The disk becomes full at each moment of an operation.
class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<SmallDisk>> disk = SmallDisk::Mount(8 << 20);
    ORCH_ASSERT_OK(disk);
    disk_ = *std::move(disk);
    for (const char* name : {"templates", "states", "machine"}) {
      fs::create_directory(disk_->File(name));
    }
    absl::StatusOr<std::unique_ptr<TemplateCatalog>> catalog =
        TemplateCatalog::Open({.root = disk_->File("templates")}, clock_);
    ASSERT_THAT(catalog, testing::IsOk());
    catalog_ = *std::move(catalog);
  }

  // More than any of the operations here takes.
  static constexpr uint64_t kEnoughPages = 200;

  const testing::FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<SmallDisk> disk_;
  std::unique_ptr<TemplateCatalog> catalog_;
};

TEST_F(FullDiskTest, LeavesNothingOfATemplateThatDoesNotFit) {
  const std::string key = TemplateKey(TestSpec());
  absl::Status status = absl::ResourceExhaustedError("not tried yet");
  for (uint64_t pages = 0; pages < kEnoughPages && !status.ok(); ++pages) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key));
    WriteMachineFiles(directory, TestSpec());
    ORCH_ASSERT_OK(disk_->FillUpTo(pages));
    status = catalog_->Commit(TestSpec(), kTemplateDevices).status();
    disk_->Empty();
    EXPECT_FALSE(pages == 0 && status.ok());
    if (status.ok()) break;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(key))) << pages;
    EXPECT_THAT(NamesIn(disk_->File("templates")), IsEmpty()) << pages;
    EXPECT_THAT(catalog_->Get(key), StatusIs(absl::StatusCode::kNotFound));
  }
  ORCH_EXPECT_OK(status);
  ORCH_EXPECT_OK(catalog_->Get(key));
}

class FullDiskStateTest : public FullDiskTest,
                          public ::testing::WithParamInterface<SavedStates::Disk> {};

TEST_P(FullDiskStateTest, LeavesNothingOfAStateThatDoesNotFit) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef base, MakeTemplate(*catalog_, TestSpec()));
  testing::FakeCheckpoints checkpoints;
  checkpoints.pages = std::string(20'000, 'p');
  SavedStates states(disk_->File("states"), checkpoints, *catalog_);
  const SessionId id = SessionId::Generate();
  const std::string disk_file = disk_->File("machine/disk.qcow2");
  std::ofstream(disk_file) << std::string(50'000, 'd');
  absl::Status status = absl::ResourceExhaustedError("not tried yet");
  for (uint64_t pages = 0; pages < kEnoughPages && !status.ok(); ++pages) {
    ORCH_ASSERT_OK(disk_->FillUpTo(pages));
    status = states.Save(id, VmId::Generate(), base, disk_file, GetParam()).status();
    disk_->Empty();
    EXPECT_FALSE(pages == 0 && status.ok());
    if (status.ok()) break;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(id.value())))
        << pages;
    EXPECT_THAT(NamesIn(disk_->File("states")), IsEmpty()) << pages;
  }
  ORCH_EXPECT_OK(status);
  ORCH_EXPECT_OK(states.Open(id));
}

TEST_F(FullDiskTest, LeavesNothingOfADiskThatCannotBePlaced) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef base, MakeTemplate(*catalog_, TestSpec()));
  testing::FakeCheckpoints checkpoints;
  SavedStates states(disk_->File("states"), checkpoints, *catalog_);
  const SessionId id = SessionId::Generate();
  std::ofstream(disk_->File("machine/disk.qcow2")) << std::string(50'000, 'd');
  ORCH_ASSERT_OK(states.Save(id, VmId::Generate(), base, disk_->File("machine/disk.qcow2"),
                             SavedStates::Disk::kLink));
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states.Open(id));
  ORCH_ASSERT_OK(disk_->FillUpTo(3));
  const std::string path = disk_->File("machine/next.qcow2");
  EXPECT_THAT(states.PlaceDisk(state, path, SavedStates::Disk::kCopy),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(fs::exists(path));
}

INSTANTIATE_TEST_SUITE_P(Disks, FullDiskStateTest,
                         ::testing::Values(SavedStates::Disk::kLink, SavedStates::Disk::kCopy),
                         [](const auto& param_info) {
                           return param_info.param == SavedStates::Disk::kLink ? "Link" : "Copy";
                         });

}  // namespace
}  // namespace orch

#include "orchestrator/driver/libvirt/run_directory.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

class RunDirectoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<RunDirectory> Open() {
    absl::StatusOr<std::unique_ptr<RunDirectory>> opened =
        RunDirectory::Open(root_.path(), {memory_.path()});
    ORCH_EXPECT_OK(opened.status());
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  fs::path run() const { return root_.File("run"); }

  const testing::TempDir root_;
  // In memory on every Linux machine.
  const testing::TempDir memory_{"/dev/shm"};
};

TEST_F(RunDirectoryTest, LeadsToMemory) {
  const auto directory = Open();
  EXPECT_EQ(fs::read_symlink(run()).parent_path(), memory_.path());
}

TEST_F(RunDirectoryTest, PassesOverPlacesThatAreNotInMemory) {
  const auto directory = RunDirectory::Open(root_.path(), {"/proc", "/none", memory_.path()});
  ORCH_ASSERT_OK(directory.status());
  EXPECT_EQ(fs::read_symlink(run()).parent_path(), memory_.path());
}

TEST_F(RunDirectoryTest, LeavesItToLibvirtWhereNothingIsInMemory) {
  ORCH_ASSERT_OK(RunDirectory::Open(root_.path(), {"/proc"}).status());
  EXPECT_FALSE(fs::exists(fs::symlink_status(run())));
}

TEST_F(RunDirectoryTest, KeepsARealDirectory) {
  fs::create_directories(run() / "qemu");
  const auto directory = Open();
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(run())));
}

TEST_F(RunDirectoryTest, IsSharedByAllWhoUseTheRoot) {
  const auto one = Open();
  const fs::path target = fs::read_symlink(run());
  auto other = Open();
  EXPECT_EQ(fs::read_symlink(run()), target);
  other.reset();
  EXPECT_TRUE(fs::exists(target));
}

TEST_F(RunDirectoryTest, IsSharedWithWhoReachesTheRootByALink) {
  const auto one = Open();
  const testing::TempDir elsewhere;
  fs::create_directory_symlink(root_.path(), elsewhere.File("root"));
  ORCH_EXPECT_OK(RunDirectory::Open(elsewhere.File("root"), {memory_.path()}).status());
  EXPECT_TRUE(fs::exists(run()));
}

TEST_F(RunDirectoryTest, IsRemovedWithItsLastUser) {
  Open().reset();
  EXPECT_TRUE(fs::is_empty(memory_.path()));
  EXPECT_FALSE(fs::exists(fs::symlink_status(run())));
}

TEST_F(RunDirectoryTest, StaysWhileAMachineIsKnownByIt) {
  auto directory = Open();
  std::ofstream(run() / "qemu" / "machine.pid") << 1;
  directory.reset();
  EXPECT_TRUE(fs::exists(run() / "qemu" / "machine.pid"));
  directory = Open();
  EXPECT_TRUE(fs::exists(run() / "qemu" / "machine.pid"));
}

TEST_F(RunDirectoryTest, IsRemovedWhenOnlyLibvirtsOwnFilesAreLeft) {
  auto directory = Open();
  std::ofstream(run() / "qemu" / "driver.pid") << 1;
  directory.reset();
  EXPECT_TRUE(fs::is_empty(memory_.path()));
}

TEST_F(RunDirectoryTest, IsMadeAnewAfterAReboot) {
  fs::create_symlink(memory_.File("orchestrator-gone"), run());
  const auto directory = Open();
  EXPECT_TRUE(fs::is_directory(run() / "qemu"));
  EXPECT_NE(fs::read_symlink(run()), memory_.File("orchestrator-gone"));
}

TEST_F(RunDirectoryTest, DoesNotFollowALinkThatSomebodyPutInItsPlace) {
  fs::create_directory(memory_.File("others"));
  fs::create_directory_symlink(memory_.File("others"), memory_.File("orchestrator-gone"));
  fs::create_symlink(memory_.File("orchestrator-gone"), run());
  const auto directory = Open();
  EXPECT_NE(fs::read_symlink(run()), memory_.File("orchestrator-gone"));
  EXPECT_TRUE(fs::is_empty(memory_.File("others")));
}

}  // namespace
}  // namespace orch

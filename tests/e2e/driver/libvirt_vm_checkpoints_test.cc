// What holds for real machines alone.
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "tests/contract/driver/vm_checkpoints_fixture.h"
#include "tests/e2e/driver/libvirt_checkpoints_world.h"
#include "tests/support/status_matchers.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kMaxMemoryBytes = size_t{1} << 30;
constexpr size_t kMaxKernelBytes = size_t{256} << 20;
constexpr size_t kMaxArgumentsBytes = size_t{1} << 20;
// What the kernel says when it notices another generation id.
constexpr char kNewRandomness[] = "virtual machine fork";

class LibvirtVmCheckpointsTest : public VmCheckpointsFixture {
 protected:
  LibvirtCheckpointsWorld& world() { return static_cast<LibvirtCheckpointsWorld&>(*world_); }
};

TEST_P(LibvirtVmCheckpointsTest, ClonesDoNotWriteIntoTheTemplateAndCannot) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  const auto before = ReadFile(saved.boot.memory_file, kMaxMemoryBytes);
  ORCH_ASSERT_OK(before);
  VmConfig clone{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
  ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(clone, saved.count));
  const auto after = ReadFile(saved.boot.memory_file, kMaxMemoryBytes);
  ORCH_ASSERT_OK(after);
  EXPECT_TRUE(*before == *after);
  const auto mode = std::filesystem::status(saved.boot.memory_file).permissions();
  EXPECT_EQ(mode, std::filesystem::perms(0444));
}

TEST_P(LibvirtVmCheckpointsTest, EveryMachineHasAnotherGenerationId) {
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig boot, world_->NewBoot());
  std::set<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig shell, world_->NewShell(boot, ""));
    ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Start(shell));
    ORCH_ASSERT_OK_AND_ASSIGN(
        const std::string arguments,
        ReadFile(absl::StrCat("/proc/", info.pid, "/cmdline"), kMaxArgumentsBytes));
    const size_t device = arguments.find("\"vmgenid\",\"guid\":\"");
    ASSERT_NE(device, std::string::npos);
    ids.insert(arguments.substr(device, 60));
    ORCH_ASSERT_OK(driver_->Destroy(shell.id));
  }
  EXPECT_EQ(ids.size(), 2u);
}

TEST_P(LibvirtVmCheckpointsTest, ClonesTakeFreshRandomNumbersAtOnce) {
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig any, world_->NewBoot());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string kernel, ReadFile(any.kernel, kMaxKernelBytes));
  ASSERT_NE(kernel.find(kNewRandomness), std::string::npos)
      << "the image's kernel was built without CONFIG_VMGENID: it looks at no generation id";
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  EXPECT_THAT(world().Console(saved.boot), Not(HasSubstr(kNewRandomness)));
  std::set<std::string> numbers;
  for (int i = 0; i < 2; ++i) {
    VmConfig clone{.id = VmId::Generate()};
    ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
    ASSERT_NO_FATAL_FAILURE(ExpectCountsOnFrom(clone, saved.count));
    EXPECT_THAT(world().Console(clone), HasSubstr(kNewRandomness));
    // The second: the first may have been drawn before the state was saved.
    numbers.insert(world().Ticks(clone).at(1).random);
  }
  EXPECT_EQ(numbers.size(), 2u);
}

TEST_P(LibvirtVmCheckpointsTest, NothingIsLeftInTheMachinesDirectory) {
  Saved saved;
  ASSERT_NO_FATAL_FAILURE(MakeTemplate(saved));
  VmConfig clone{.id = VmId::Generate()};
  ASSERT_NO_FATAL_FAILURE(Load(saved, clone));
  ORCH_ASSERT_OK(checkpoints_->SaveDevices(clone.id));
  for (const auto& entry : std::filesystem::directory_iterator(clone.directory)) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("devices")));
  }
}

TEST_P(LibvirtVmCheckpointsTest, OpensTheNewDisk) {
  const VmConfig shell = StartBlankShell();
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Get(shell.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string disk, world_->CopyDisk(shell.scratch_disk));
  ORCH_ASSERT_OK(checkpoints_->ReplaceScratchDisk(shell.id, disk));
  std::set<std::string> open;
  for (const auto& fd :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", info.pid, "/fd"))) {
    std::error_code error;
    open.insert(std::filesystem::read_symlink(fd.path(), error));
  }
  EXPECT_TRUE(open.contains(disk));
}

INSTANTIATE_TEST_SUITE_P(Libvirt, LibvirtVmCheckpointsTest,
                         ::testing::Values(VmCheckpointsWorldParam{
                             "Embedded",
                             [] { return std::make_unique<LibvirtCheckpointsWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace orch::testing

#include "orchestrator/driver/libvirt/vm_config_check.h"

#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::HasSubstr;

class VmConfigCheckTest : public ::testing::Test {
 protected:
  VmConfigCheckTest() {
    for (const char* name : {"kernel", "initramfs", "root", "scratch"}) {
      std::ofstream(dir_.File(name)) << "";
    }
    config_.kernel = dir_.File("kernel");
    config_.initramfs = dir_.File("initramfs");
    config_.root_disk = dir_.File("root");
    config_.scratch_disk = dir_.File("scratch");
    config_.directory = dir_.path();
  }

  const TempDir dir_;
  const HostInfo host_{.cpus = 2, .memory_mib = 4096};
  VmConfig config_{.id = VmId::Generate(), .memory_mib = 4096, .vcpus = 2};
};

TEST_F(VmConfigCheckTest, AcceptsWhatTheHostHas) { ORCH_EXPECT_OK(CheckVmConfig(config_, host_)); }

TEST_F(VmConfigCheckTest, RefusesMoreThanTheHostHas) {
  config_.memory_mib = 4097;
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("memory_mib is 4097")));
  config_.memory_mib = 1;
  config_.vcpus = 3;
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("vcpus is 3")));
}

TEST_F(VmConfigCheckTest, NamesTheFileThatIsMissing) {
  config_.root_disk = dir_.File("gone");
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("root_disk " + dir_.File("gone"))));
}

TEST_F(VmConfigCheckTest, RefusesTextThatXmlCannotHold) {
  config_.kernel_cmdline = "a\nb";
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kernel_cmdline")));
}

TEST_F(VmConfigCheckTest, RefusesADirectoryWithoutRoomForASocket) {
  // Slashes make a path longer, not another.
  config_.directory = dir_.path() + std::string(97 - dir_.path().size(), '/');
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 96")));
  config_.directory.pop_back();
  ORCH_EXPECT_OK(CheckVmConfig(config_, host_));
}

TEST_F(VmConfigCheckTest, AcceptsAKernelAlone) {
  config_.initramfs.clear();
  config_.root_disk.clear();
  config_.scratch_disk.clear();
  ORCH_EXPECT_OK(CheckVmConfig(config_, host_));
  config_.kernel.clear();
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kernel")));
}

TEST_F(VmConfigCheckTest, MemoryFileMustBeAsLargeAsTheMemory) {
  config_.memory_mib = 3;
  config_.memory_file = dir_.File("ram");
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("memory_file")));
  std::ofstream(config_.memory_file).close();
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be a file of 3145728")));
  std::filesystem::resize_file(config_.memory_file, 3 << 20);
  ORCH_EXPECT_OK(CheckVmConfig(config_, host_));
}

TEST_F(VmConfigCheckTest, ShellNeedsAMemoryFile) {
  config_.start = VmStart::kShell;
  EXPECT_THAT(CheckVmConfig(config_, host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("memory_file")));
}

}  // namespace
}  // namespace orch

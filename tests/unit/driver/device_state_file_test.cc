#include "orchestrator/driver/libvirt/device_state_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;

class DeviceStateFileTest : public ::testing::Test {
 protected:
  const TempDir dir_;
};

TEST_F(DeviceStateFileTest, PassesStateBothWays) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto file, DeviceStateFile::Create(dir_.path(), std::nullopt));
  ORCH_ASSERT_OK(file->Write("devices"));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string same, file->Read(100));
  EXPECT_EQ(same, "devices");
  // As QEMU writes it: opened by name and cut.
  std::ofstream(file->path(), std::ios::trunc) << "others";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string others, file->Read(100));
  EXPECT_EQ(others, "others");
}

TEST_F(DeviceStateFileTest, BelongsToTheMachinesUserAlone) {
  ASSERT_EQ(::geteuid(), 0u) << "only root can give files away";
  ORCH_ASSERT_OK_AND_ASSIGN(const auto file,
                            DeviceStateFile::Create(dir_.path(), RunAs{12345, 54321}));
  struct stat stat = {};
  ASSERT_EQ(::stat(file->path().c_str(), &stat), 0);
  EXPECT_EQ(stat.st_uid, 12345u);
  EXPECT_EQ(stat.st_gid, 54321u);
  EXPECT_EQ(stat.st_mode & 07777, 0600u);
}

TEST_F(DeviceStateFileTest, IsRemovedAtTheEnd) {
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto file, DeviceStateFile::Create(dir_.path(), std::nullopt));
    EXPECT_TRUE(std::filesystem::exists(file->path()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(DeviceStateFileTest, TooLongAStateIsRefused) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto file, DeviceStateFile::Create(dir_.path(), std::nullopt));
  std::filesystem::resize_file(file->path(), uint64_t{1} << 40);
  EXPECT_THAT(file->Read(1 << 20), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(DeviceStateFileTest, LinkPutInItsPlaceIsNotFollowed) {
  const std::string secret = dir_.File("secret");
  std::ofstream(secret) << "secret";
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto file, DeviceStateFile::Create(dir_.path(), std::nullopt));
    std::filesystem::remove(file->path());
    std::filesystem::create_symlink(secret, file->path());
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string devices, file->Read(100));
    EXPECT_EQ(devices, "");
  }
  EXPECT_EQ(std::filesystem::file_size(secret), 6u);
}

TEST_F(DeviceStateFileTest, LinkInPlaceOfTheDirectoryIsNotFollowed) {
  const std::string link = dir_.File("link");
  std::filesystem::create_directory_symlink("/tmp", link);
  EXPECT_FALSE(DeviceStateFile::Create(link, std::nullopt).ok());
}

}  // namespace
}  // namespace orch

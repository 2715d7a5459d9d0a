#include "orchestrator/snapshot/file_copies.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::BytesOnDisk;
using ::orch::testing::Overwrite;
using ::orch::testing::ReadWhole;
using ::orch::testing::StatusIs;

class FileCopiesTest : public ::testing::Test {
 protected:
  // A file of 8 MiB with data at its begin, in its middle and (not to a whole block) at its end.
  FileCopiesTest() {
    std::ofstream{path_};
    fs::resize_file(path_, (8 << 20) + 17);
    Overwrite(path_, 0, std::string(5000, 'a'));
    Overwrite(path_, 3'000'000, std::string(2'000'000, 'b'));
    Overwrite(path_, (8 << 20) + 10, "the end");
  }

  UniqueFd Open() const { return UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)); }

  const testing::TempDir directory_;
  const std::string path_ = directory_.File("original");
};

TEST_F(FileCopiesTest, CopiesContentsAndHoles) {
  const std::string copy = directory_.File("copy");
  ORCH_ASSERT_OK(CopyOpenFile(Open(), copy, 0600));
  EXPECT_EQ(ReadWhole(copy), ReadWhole(path_));
  EXPECT_LT(BytesOnDisk(copy), uint64_t{3} << 20);
}

TEST_F(FileCopiesTest, CopiesToAnotherFileSystem) {
  const std::string copy =
      "/dev/shm/orch-file-copies-" + fs::path(directory_.path()).filename().string();
  ASSERT_TRUE(fs::is_directory("/dev/shm")) << "another file system is needed";
  ORCH_ASSERT_OK(CopyOpenFile(Open(), copy, 0600));
  EXPECT_EQ(ReadWhole(copy), ReadWhole(path_));
  EXPECT_LT(BytesOnDisk(copy), uint64_t{3} << 20);
  fs::remove(copy);
}

TEST_F(FileCopiesTest, CopiesAnEmptyFile) {
  fs::resize_file(path_, 0);
  ORCH_ASSERT_OK(CopyOpenFile(Open(), directory_.File("copy"), 0600));
  EXPECT_EQ(fs::file_size(directory_.File("copy")), 0u);
}

TEST_F(FileCopiesTest, CopiesATebibyteOfNothing) {
  fs::resize_file(path_, uint64_t{1} << 40);
  ORCH_ASSERT_OK(CopyOpenFile(Open(), directory_.File("copy"), 0600));
  EXPECT_EQ(fs::file_size(directory_.File("copy")), uint64_t{1} << 40);
}

TEST_F(FileCopiesTest, OverwritesNothing) {
  EXPECT_THAT(CopyOpenFile(Open(), path_, 0600), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(LinkOpenFile(Open(), path_), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(FileCopiesTest, LinksTheFileThatWasOpenedWhateverItsNameIsNow) {
  const UniqueFd file = Open();
  fs::rename(path_, directory_.File("moved"));
  fs::create_symlink("/etc/passwd", path_);
  ORCH_ASSERT_OK(LinkOpenFile(file, directory_.File("link")));
  EXPECT_TRUE(fs::equivalent(directory_.File("link"), directory_.File("moved")));
}

TEST_F(FileCopiesTest, OpensNothingBehindALinkedDirectory) {
  fs::create_directory_symlink(directory_.path(), directory_.File("directory"));
  EXPECT_FALSE(OpenHostileFile(directory_.File("directory") + "/original").ok());
  ORCH_EXPECT_OK(OpenHostileFile(path_));
}

}  // namespace
}  // namespace orch

#include "orchestrator/base/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using orch::testing::IsOk;
using orch::testing::StatusIs;
using orch::testing::TempDir;
using ::testing::HasSubstr;

TEST(FilesTest, ReadsBackWhatWasWritten) {
  TempDir directory;
  const std::string path = directory.File("f");
  const std::string contents = std::string("a\0b\n", 4) + std::string(200000, 'x');
  ORCH_ASSERT_OK(WriteFileAtomically(path, contents));
  for (const size_t limit : {contents.size(), contents.size() + 1, size_t{SIZE_MAX}}) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(path, limit));
    EXPECT_EQ(read, contents);
  }
}

TEST(FilesTest, RefusesLargerFile) {
  TempDir directory;
  ORCH_ASSERT_OK(WriteFileAtomically(directory.File("f"), "12345"));
  EXPECT_THAT(ReadFile(directory.File("f"), 4),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(directory.File("f"))));
}

TEST(FilesTest, NamesMissingFile) {
  EXPECT_THAT(ReadFile("/no/such/file", 10),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/file")));
  EXPECT_THAT(ReadFileTail("/no/such/file", 10), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(WriteFileAtomically("/no/such/file", ""), StatusIs(absl::StatusCode::kNotFound));
}

TEST(FilesTest, ReadsTail) {
  TempDir directory;
  ORCH_ASSERT_OK(WriteFileAtomically(directory.File("f"), "12345"));
  for (const auto& [bytes, tail] :
       {std::pair<size_t, std::string>{0, ""}, {2, "45"}, {5, "12345"}, {9, "12345"}}) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFileTail(directory.File("f"), bytes));
    EXPECT_EQ(read, tail);
  }
}

TEST(FilesTest, ReplacesFileAndLeavesNoTemporary) {
  TempDir directory;
  ORCH_ASSERT_OK(WriteFileAtomically(directory.File("f"), "old", 0600));
  ORCH_ASSERT_OK(WriteFileAtomically(directory.File("f"), "new", 0600));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(directory.File("f"), 10));
  EXPECT_EQ(read, "new");
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path()))
    ++entries;
  EXPECT_EQ(entries, 1);
  struct stat info = {};
  ASSERT_EQ(::stat(directory.File("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(FilesTest, LeavesNoTemporaryWhenRenameFails) {
  TempDir directory;
  ASSERT_TRUE(std::filesystem::create_directory(directory.File("d")));
  EXPECT_FALSE(WriteFileAtomically(directory.File("d"), "x").ok());
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path()))
    ++entries;
  EXPECT_EQ(entries, 1);
}

TEST(FilesTest, RemovesTreesWithoutFollowingLinks) {
  TempDir directory;
  std::filesystem::create_directories(directory.File("a/b/c"));
  ORCH_ASSERT_OK(WriteFileAtomically(directory.File("kept"), "x"));
  std::filesystem::create_symlink(directory.File("kept"), directory.File("a/link"));
  ORCH_EXPECT_OK(RemoveAll(directory.File("a")));
  ORCH_EXPECT_OK(RemoveAll(directory.File("a")));
  EXPECT_THAT(ReadFile(directory.File("kept"), 10), IsOk());
}

}  // namespace
}  // namespace orch

#include "orchestrator/driver/libvirt/console_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "orchestrator/base/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;

// All of a log that has at most 1 MiB.
absl::StatusOr<std::string> ReadAll(const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<VmConsole> console, OpenConsoleLog(path));
  ORCH_ASSIGN_OR_RETURN(ConsoleChunk chunk, console->Read(0, 1 << 20));
  return std::move(chunk.bytes);
}

TEST(ConsoleLogTest, ReadsFromAnOffset) {
  const TempDir dir;
  std::ofstream(dir.File("log")) << "0123456789";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmConsole> console,
                            OpenConsoleLog(dir.File("log")));
  ORCH_ASSERT_OK_AND_ASSIGN(const ConsoleChunk chunk, console->Read(6, 3));
  EXPECT_EQ(chunk.bytes, "678");
  EXPECT_EQ(chunk.offset, 6u);
  EXPECT_EQ(chunk.end, 10u);
  ORCH_ASSERT_OK_AND_ASSIGN(const ConsoleChunk none, console->Read(10, 3));
  EXPECT_EQ(none.bytes, "");
  EXPECT_EQ(none.offset, 10u);
}

TEST(ConsoleLogTest, ReadsOnWhenTheLogIsRemoved) {
  const TempDir dir;
  std::ofstream writer(dir.File("log"), std::ios::app);
  writer << "first " << std::flush;
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmConsole> console,
                            OpenConsoleLog(dir.File("log")));
  std::filesystem::remove(dir.File("log"));
  writer << "last" << std::flush;
  ORCH_ASSERT_OK_AND_ASSIGN(const ConsoleChunk chunk, console->Read(0, 100));
  EXPECT_EQ(chunk.bytes, "first last");
}

TEST(ConsoleLogTest, BeginsAtTheOldestByteKeptAfterACut) {
  const TempDir dir;
  std::ofstream(dir.File("log")) << "0123456789";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmConsole> console,
                            OpenConsoleLog(dir.File("log")));
  std::filesystem::resize_file(dir.File("log"), 4);
  ORCH_ASSERT_OK_AND_ASSIGN(const ConsoleChunk chunk, console->Read(10, 100));
  EXPECT_EQ(chunk.bytes, "0123");
  EXPECT_EQ(chunk.offset, 0u);
}

TEST(ConsoleLogTest, IsNotFoundWhenThereIsNone) {
  const TempDir dir;
  EXPECT_THAT(OpenConsoleLog(dir.File("log")), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ConsoleLogTest, FollowsNoLink) {
  const TempDir dir;
  std::ofstream(dir.File("secret")) << "secret";
  ASSERT_EQ(::symlink(dir.File("secret").c_str(), dir.File("log").c_str()), 0);
  EXPECT_THAT(OpenConsoleLog(dir.File("log")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ConsoleLogTest, DoesNotWaitForAPipe) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo(dir.File("log").c_str(), 0600), 0);
  EXPECT_THAT(OpenConsoleLog(dir.File("log")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

// One byte more than a log may have; its end differs from its start.
std::string TooMuch() {
  std::string text(static_cast<size_t>(kMaxConsoleBytes), 'a');
  return text + "z";
}

TEST(TrimConsoleLogTest, KeepsTheEndOfALogThatIsTooLarge) {
  const TempDir dir;
  std::ofstream writer(dir.File("log"), std::ios::app);
  writer << TooMuch() << std::flush;
  ORCH_ASSERT_OK(TrimConsoleLog(dir.File("log"), ::geteuid()));
  writer << "later" << std::flush;
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string text, ReadAll(dir.File("log")));
  EXPECT_EQ(text, std::string(kKeptConsoleBytes - 1, 'a') + "zlater");
}

TEST(TrimConsoleLogTest, LeavesALogThatIsSmallEnough) {
  const TempDir dir;
  std::ofstream(dir.File("log")) << std::string(static_cast<size_t>(kMaxConsoleBytes), 'a');
  ORCH_EXPECT_OK(TrimConsoleLog(dir.File("log"), ::geteuid()));
  EXPECT_EQ(std::filesystem::file_size(dir.File("log")), static_cast<size_t>(kMaxConsoleBytes));
  ORCH_EXPECT_OK(TrimConsoleLog(dir.File("none"), ::geteuid()));
}

TEST(TrimConsoleLogTest, CutsNoFileThatIsNotTheMachines) {
  const TempDir dir;
  std::ofstream(dir.File("other")) << TooMuch();
  ASSERT_EQ(::symlink(dir.File("other").c_str(), dir.File("symlink").c_str()), 0);
  ASSERT_EQ(::link(dir.File("other").c_str(), dir.File("link").c_str()), 0);
  for (const char* name : {"symlink", "link"}) {
    EXPECT_THAT(TrimConsoleLog(dir.File(name), ::geteuid()),
                StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_EQ(std::filesystem::file_size(dir.File("other")), TooMuch().size());
}

TEST(TrimConsoleLogTest, CutsNoFileOfAnotherUser) {
  ASSERT_EQ(::geteuid(), 0u) << "only root can give a file away";
  const TempDir dir;
  std::ofstream(dir.File("log")) << TooMuch();
  ASSERT_EQ(::chown(dir.File("log").c_str(), 4'000'000, 4'000'000), 0);
  EXPECT_THAT(TrimConsoleLog(dir.File("log"), 4'000'001),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_EXPECT_OK(TrimConsoleLog(dir.File("log"), 4'000'000));
}

}  // namespace
}  // namespace orch

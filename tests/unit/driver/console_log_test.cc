#include "orchestrator/driver/libvirt/console_log.h"

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

TEST(ConsoleLogTest, ReadsTheTail) {
  const TempDir dir;
  std::ofstream(dir.File("log")) << "0123456789";
  EXPECT_EQ(*ReadConsoleTail(dir.File("log"), 4), "6789");
  EXPECT_EQ(*ReadConsoleTail(dir.File("log"), 40), "0123456789");
}

TEST(ConsoleLogTest, IsEmptyWhenThereIsNone) {
  const TempDir dir;
  EXPECT_EQ(*ReadConsoleTail(dir.File("log"), 4), "");
}

TEST(ConsoleLogTest, FollowsNoLink) {
  const TempDir dir;
  std::ofstream(dir.File("secret")) << "secret";
  ASSERT_EQ(::symlink(dir.File("secret").c_str(), dir.File("log").c_str()), 0);
  EXPECT_THAT(ReadConsoleTail(dir.File("log"), 40),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ConsoleLogTest, DoesNotWaitForAPipe) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo(dir.File("log").c_str(), 0600), 0);
  EXPECT_THAT(ReadConsoleTail(dir.File("log"), 40),
              StatusIs(absl::StatusCode::kFailedPrecondition));
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
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string text, ReadConsoleTail(dir.File("log"), 1 << 20));
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
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const TempDir dir;
  std::ofstream(dir.File("log")) << TooMuch();
  ASSERT_EQ(::chown(dir.File("log").c_str(), 4'000'000, 4'000'000), 0);
  EXPECT_THAT(TrimConsoleLog(dir.File("log"), 4'000'001),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_EXPECT_OK(TrimConsoleLog(dir.File("log"), 4'000'000));
}

}  // namespace
}  // namespace orch

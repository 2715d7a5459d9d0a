#include "orchestrator/driver/libvirt/console_log.h"

#include <sys/stat.h>
#include <unistd.h>

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

}  // namespace
}  // namespace orch

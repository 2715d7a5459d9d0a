#include "orchestrator/driver/libvirt/embed_root_holder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::TempDir;
using ::testing::Optional;

// Locks the file as libvirt does, tells so through `out`, and waits to be killed.
[[noreturn]] void LockAndWait(const std::string& path, int out) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  const char locked = ::fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
  if (::write(out, &locked, 1) != 1) ::_exit(1);
  while (true) ::pause();
}

TEST(EmbedRootHolderTest, IsNobodyWithoutALock) {
  const TempDir root;
  EXPECT_EQ(FindEmbedRootHolder(root.path()), std::nullopt);
  std::filesystem::create_directories(root.File("run/qemu"));
  UniqueFd(::open(root.File("run/qemu/driver.pid").c_str(), O_WRONLY | O_CREAT, 0644)).Reset();
  EXPECT_EQ(FindEmbedRootHolder(root.path()), std::nullopt);
}

TEST(EmbedRootHolderTest, IsTheProcessThatHasTheLock) {
  const TempDir root;
  std::filesystem::create_directories(root.File("run/qemu"));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd in(ends[0]);
  const UniqueFd out(ends[1]);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) LockAndWait(root.File("run/qemu/driver.pid"), out.get());
  char locked = 'n';
  EXPECT_EQ(::read(in.get(), &locked, 1), 1);
  EXPECT_EQ(locked, 'y');
  EXPECT_THAT(FindEmbedRootHolder(root.path()), Optional(child));
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

}  // namespace
}  // namespace orch

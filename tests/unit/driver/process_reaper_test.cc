#include "orchestrator/driver/libvirt/process_reaper.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);
constexpr absl::Duration kPollInterval = absl::Milliseconds(2);

// Runs `run` in a process that is started as libvirt starts daemons, and returns its pid: a child
// makes a session, has a child of its own, and ends.
pid_t StartDaemon(const std::function<void()>& run) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const pid_t daemon = ::fork();
    if (daemon == 0) {
      run();
      ::_exit(0);
    }
    ::_exit(::write(out.get(), &daemon, sizeof(daemon)) == sizeof(daemon) ? 0 : 1);
  }
  out.Reset();
  pid_t daemon = 0;
  EXPECT_EQ(::read(in.get(), &daemon, sizeof(daemon)), static_cast<ssize_t>(sizeof(daemon)));
  // The reaper leaves it to us, though it is in another session, too.
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return daemon;
}

bool AwaitGone(pid_t pid) {
  const absl::Time deadline = absl::Now() + kTimeout;
  while (absl::Now() < deadline) {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return true;
    absl::SleepFor(kPollInterval);
  }
  return false;
}

class ProcessReaperTest : public ::testing::Test {
 protected:
  void SetUp() override { ORCH_ASSERT_OK_AND_ASSIGN(reaper_, ProcessReaper::Start()); }

  std::unique_ptr<ProcessReaper> reaper_;
};

TEST_F(ProcessReaperTest, ReapsADaemonAndTellsItsExitStatusOnce) {
  const ProcessReaper::Watch watch(*reaper_);
  const pid_t daemon = StartDaemon([] { ::_exit(7); });
  ASSERT_TRUE(AwaitGone(daemon));
  EXPECT_EQ(reaper_->TakeEnd(daemon), "exit status 7");
  EXPECT_EQ(reaper_->TakeEnd(daemon), "");
}

TEST_F(ProcessReaperTest, TellsTheSignal) {
  const ProcessReaper::Watch watch(*reaper_);
  const pid_t daemon = StartDaemon([] {
    while (true) ::pause();
  });
  ASSERT_EQ(::kill(daemon, SIGKILL), 0);
  ASSERT_TRUE(AwaitGone(daemon));
  EXPECT_EQ(reaper_->TakeEnd(daemon), "killed by signal 9");
}

TEST_F(ProcessReaperTest, ReapsWhatEndsAfterTheWatch) {
  pid_t daemon = 0;
  {
    const ProcessReaper::Watch watch(*reaper_);
    daemon = StartDaemon([] {
      while (true) ::pause();
    });
  }
  ASSERT_EQ(::kill(daemon, SIGTERM), 0);
  ASSERT_TRUE(AwaitGone(daemon));
  EXPECT_EQ(reaper_->TakeEnd(daemon), "killed by signal 15");
}

TEST_F(ProcessReaperTest, ChildrenOfOursAreLeftToThoseWhoWait) {
  const ProcessReaper::Watch watch(*reaper_);
  for (const bool own_session : {false, true}) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (own_session) ::setsid();
      ::_exit(3);
    }
    // A daemon that ends later was seen to be gone, so the reaper has looked since the child ended.
    siginfo_t info = {};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    ASSERT_TRUE(AwaitGone(StartDaemon([] {})));
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 3);
  }
}

TEST_F(ProcessReaperTest, SeveralReapersShareTheWork) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto other, ProcessReaper::Start());
  const ProcessReaper::Watch watch(*reaper_);
  const ProcessReaper::Watch other_watch(*other);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(AwaitGone(StartDaemon([] {})));
}

TEST_F(ProcessReaperTest, UnknownProcessHasNoEnd) { EXPECT_EQ(reaper_->TakeEnd(1), ""); }

}  // namespace
}  // namespace orch

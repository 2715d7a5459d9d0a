#include "orchestrator/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr size_t kMaxOutputBytes = 65536;

// Waits until `fd` is readable. False when `deadline` passed first.
bool AwaitReadable(const UniqueFd& fd, absl::Time deadline) {
  while (true) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    // Rounded up so as not to spin, and cut because poll() counts in int.
    const absl::Duration wait = std::min(left + absl::Milliseconds(1), absl::Hours(1));
    pollfd poll_fd{fd.get(), POLLIN, 0};
    if (::poll(&poll_fd, 1, static_cast<int>(absl::ToInt64Milliseconds(wait))) > 0) return true;
  }
}

// Reads `fd` to its end, keeping the first kMaxOutputBytes. False when `deadline` passed first.
bool Drain(const UniqueFd& fd, absl::Time deadline, std::string& output) {
  char buffer[4096];
  while (AwaitReadable(fd, deadline)) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    output.append(buffer, std::min(static_cast<size_t>(n), kMaxOutputBytes - output.size()));
  }
  return false;
}

// Waits for the end of the child `pid` without reaping it. False when `deadline` passed first. A
// program that closed its output may still run.
bool AwaitExit(pid_t pid, absl::Time deadline) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return process.valid() && AwaitReadable(process, deadline);
}

}  // namespace

absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& argv,
                                       absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot create a pipe");
  UniqueFd read_end(pipe_fds[0]);
  UniqueFd write_end(pipe_fds[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  absl::Cleanup destroy = [&] { posix_spawn_file_actions_destroy(&actions); };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  pid_t pid = 0;
  if (const int error =
          ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
      error != 0) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", argv[0]));
  }
  write_end.Reset();
  std::string output;
  const bool finished = Drain(read_end, deadline, output) && AwaitExit(pid, deadline);
  if (!finished) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!finished) {
    return absl::DeadlineExceededError(
        absl::StrCat(argv[0], " did not finish within ", absl::FormatDuration(timeout)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  return absl::InternalError(
      absl::StrCat(argv[0], WIFEXITED(status) ? " exited with status " : " was killed by signal ",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), ": ", output));
}

}  // namespace orch

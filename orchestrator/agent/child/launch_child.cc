#include "orchestrator/agent/child/launch_child.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/close_range.h>
#include <linux/sched.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/quoted.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

enum class Step : int { kSession, kStandardStreams, kGroups, kUser, kWorkingDirectory, kExecute };

// What the child writes into a pipe when a step fails; the pipe closes by itself when exec
// succeeds.
struct Failure {
  Step step;
  int error;
};

// Where to look for `program`, in order.
std::vector<std::string> Candidates(const std::string& program,
                                    const std::vector<std::string>& env) {
  if (absl::StrContains(program, '/')) return {program};
  absl::string_view path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const std::string& variable : env) {
    if (absl::StartsWith(variable, "PATH=")) path = absl::string_view(variable).substr(5);
  }
  std::vector<std::string> candidates;
  for (absl::string_view directory : absl::StrSplit(path, ':', absl::SkipEmpty())) {
    candidates.push_back(absl::StrCat(directory, "/", program));
  }
  return candidates;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What the child needs, as plain pointers: between fork and exec it may call async-signal-safe
// functions only, because another thread may have held malloc's lock.
struct ChildPlan {
  const ChildSpec& spec;
  const std::vector<char*>& candidates;
  const std::vector<char*>& argv;
  const std::vector<char*>& env;
  int failure_fd;
};

[[noreturn]] void Fail(const ChildPlan& plan, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(plan.failure_fd, &failure, sizeof failure);
  ::_exit(127);
}

void ResetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The raw calls: glibc's wrappers would signal the threads that this copy of the process no longer
// has.
void BecomeUser(const ChildPlan& plan) {
  const User& user = plan.spec.user;
  if (::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0) {
    Fail(plan, Step::kGroups);
  }
  if (::syscall(SYS_setresgid, user.gid, user.gid, user.gid) != 0 ||
      ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) != 0) {
    Fail(plan, Step::kUser);
  }
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  const ChildSpec& spec = plan.spec;
  if (::setsid() < 0) Fail(plan, Step::kSession);
  if (::dup2(spec.stdin_fd, 0) < 0 || ::dup2(spec.stdout_fd, 1) < 0 ||
      ::dup2(spec.stderr_fd, 2) < 0 || ::close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) != 0) {
    Fail(plan, Step::kStandardStreams);
  }
  if (spec.controlling_terminal && ::ioctl(0, TIOCSCTTY, 0) != 0) {
    Fail(plan, Step::kStandardStreams);
  }
  ::umask(022);
  BecomeUser(plan);
  if (::chdir(spec.cwd.c_str()) != 0) Fail(plan, Step::kWorkingDirectory);
  ResetSignals();
  int error = ENOENT;
  for (char* candidate : plan.candidates) {
    if (candidate == nullptr) break;
    ::execve(candidate, plan.argv.data(), plan.env.data());
    // As a shell does: what cannot be executed is only reported when no later directory has the
    // program.
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (errno == E2BIG || errno == ENOMEM) break;
  }
  errno = error;
  Fail(plan, Step::kExecute);
}

absl::Status ExecuteFailed(const std::string& program, int error) {
  const std::string what = absl::StrCat("command ", Quoted(program), " cannot be executed: ");
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(absl::StrCat(
          what, absl::StrContains(program, '/') ? "no such file, or its interpreter is missing"
                                                : "no such program in PATH"));
    case EACCES:
      return absl::InvalidArgumentError(
          absl::StrCat(what, "permission denied; it must be an executable file for this user"));
    case ENOEXEC:
      return absl::InvalidArgumentError(
          absl::StrCat(what, "not a program; give a script an interpreter line"));
    case E2BIG:
      return absl::InvalidArgumentError(
          absl::StrCat(what, "command, args and env are too large for the kernel"));
    case ENOMEM:
      return absl::ResourceExhaustedError(absl::StrCat(what, "out of memory"));
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(what, absl::ErrnoToStatus(error, "exec").message()));
  }
}

absl::Status ToStatus(const ChildSpec& spec, const Failure& failure) {
  switch (failure.step) {
    case Step::kExecute:
      return ExecuteFailed(spec.argv[0], failure.error);
    case Step::kWorkingDirectory: {
      const std::string message(
          absl::ErrnoToStatus(failure.error,
                              absl::StrCat("cwd ", Quoted(spec.cwd), " cannot be used"))
              .message());
      return failure.error == ENOENT ? absl::NotFoundError(message)
                                     : absl::InvalidArgumentError(message);
    }
    case Step::kGroups:
    case Step::kUser:
      return absl::InternalError(
          absl::ErrnoToStatus(failure.error,
                              absl::StrCat("cannot become user ", Quoted(spec.user.name)))
              .message());
    case Step::kSession:
    case Step::kStandardStreams:
      break;
  }
  return absl::InternalError(
      absl::ErrnoToStatus(failure.error, "cannot prepare the child process").message());
}

// fork(2), but the caller waits until the child has executed its program or ended, and the child
// starts in its cgroup.
pid_t ForkInto(int cgroup_fd) {
  clone_args args = {};
  args.flags = CLONE_VFORK;
  args.exit_signal = SIGCHLD;
  if (cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup_fd);
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

}  // namespace

absl::StatusOr<pid_t> LaunchChild(const ChildSpec& spec) {
  const std::vector<std::string> candidates = Candidates(spec.argv[0], spec.env);
  const std::vector<char*> candidate_pointers = Pointers(candidates);
  const std::vector<char*> argv = Pointers(spec.argv);
  const std::vector<char*> env = Pointers(spec.env);
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot create a pipe");
  const UniqueFd failure_reader(pipe_fds[0]);
  UniqueFd failure_writer(pipe_fds[1]);
  const ChildPlan plan{spec, candidate_pointers, argv, env, failure_writer.get()};

  const pid_t pid = ForkInto(spec.cgroup_fd);
  if (pid == 0) RunChild(plan);
  if (pid < 0) {
    return absl::ResourceExhaustedError(
        absl::ErrnoToStatus(errno, absl::StrCat("cannot fork for command ", Quoted(spec.argv[0])))
            .message());
  }
  failure_writer.Reset();
  Failure failure;
  if (::read(failure_reader.get(), &failure, sizeof failure) == sizeof failure) {
    return ToStatus(spec, failure);
  }
  return pid;
}

}  // namespace orch::agent

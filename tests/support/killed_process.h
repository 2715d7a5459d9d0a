#pragma once

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>

namespace orch::testing {

enum class ProcessEnd { kKilled, kFinished, kCannotTrace };

// Whether a system call changes no file, so that being killed before it is like being killed before
// the next one.
inline bool ChangesNoFile(long number) {
  constexpr long kHarmless[] = {SYS_mmap,       SYS_munmap,     SYS_mprotect,  SYS_madvise,
                                SYS_brk,        SYS_futex,      SYS_read,      SYS_pread64,
                                SYS_lseek,      SYS_close,      SYS_getrandom, SYS_fstat,
                                SYS_newfstatat, SYS_getdents64, SYS_gettid,    SYS_rt_sigprocmask};
  return std::find(std::begin(kHarmless), std::end(kHarmless), number) != std::end(kHarmless);
}

// Runs `work` in a child process, a copy of this one, and kills it with SIGKILL right before the
// `nth` (from 1) system call of those that may change files.
inline ProcessEnd RunAndKillBefore(size_t nth, const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(3);
    ::raise(SIGSTOP);
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) return ProcessEnd::kCannotTrace;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (size_t count = 0;;) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) return ProcessEnd::kFinished;
    if (WIFSIGNALED(status)) return ProcessEnd::kKilled;
    __ptrace_syscall_info info = {};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return ProcessEnd::kCannotTrace;
    }
    const bool enters = info.op == PTRACE_SYSCALL_INFO_ENTRY;
    if (enters && !ChangesNoFile(static_cast<long>(info.entry.nr)) && ++count == nth) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return ProcessEnd::kKilled;
    }
  }
}

}  // namespace orch::testing

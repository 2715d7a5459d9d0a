#include "orchestrator/driver/libvirt/machine_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(1);
// Between an end and the reaper's turn.
constexpr absl::Duration kPoll = absl::Microseconds(500);
constexpr size_t kMaxCommandLineBytes = size_t{1} << 20;

// libvirt names the machine at the beginning of QEMU's command line.
bool IsProcessOf(pid_t pid, const VmId& id) {
  const absl::StatusOr<std::string> command =
      ReadFile(absl::StrCat("/proc/", pid, "/cmdline"), kMaxCommandLineBytes);
  return command.ok() && absl::StrContains(*command, absl::StrCat("guest=", id.value(), ","));
}

// Second descriptors for the sockets of a process, as far as it may be looked at.
std::vector<UniqueFd> ShareSockets(pid_t pid, const UniqueFd& process) {
  std::vector<UniqueFd> sockets;
  std::error_code error;
  const std::filesystem::path descriptors = absl::StrCat("/proc/", pid, "/fd");
  for (std::filesystem::directory_iterator it(descriptors, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unreadable;
    const std::string target = std::filesystem::read_symlink(*it, unreadable);
    int number = -1;
    if (!absl::StartsWith(target, "socket:") ||
        !absl::SimpleAtoi(it->path().filename().string(), &number)) {
      continue;
    }
    sockets.emplace_back(
        static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, /*flags=*/0)));
  }
  return sockets;
}

}  // namespace

void KillMachineProcess(pid_t pid, const VmId& id) {
  if (pid <= 0) return;
  // glibc 2.36 has both calls, but not for C++ with every header order.
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  // What the descriptor means stays the same from here on.
  if (!process.valid() || !IsProcessOf(pid, id)) return;
  // libvirt sees a machine's end on its monitor, and then does as virDomainDestroy: unless the pid
  // is free it looks again after 200 ms. So the monitor stays open until then.
  const std::vector<UniqueFd> sockets = ShareSockets(pid, process);
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0) return;
  const absl::Time deadline = absl::Now() + kTimeout;
  pollfd ended = {.fd = process.get(), .events = POLLIN};
  ::poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(kTimeout)));
  while (::kill(pid, 0) == 0 && absl::Now() < deadline) absl::SleepFor(kPoll);
}

}  // namespace orch

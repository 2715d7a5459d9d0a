#include "orchestrator/driver/libvirt/machine_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
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

}  // namespace

void KillMachineProcess(pid_t pid, const VmId& id) {
  if (pid <= 0) return;
  // glibc 2.36 has both calls, but not for C++ with every header order.
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  // What the descriptor means stays the same from here on.
  if (!process.valid() || !IsProcessOf(pid, id)) return;
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0) return;
  const absl::Time deadline = absl::Now() + kTimeout;
  pollfd ended = {.fd = process.get(), .events = POLLIN};
  ::poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(kTimeout)));
  while (::kill(pid, 0) == 0 && absl::Now() < deadline) absl::SleepFor(kPoll);
}

}  // namespace orch

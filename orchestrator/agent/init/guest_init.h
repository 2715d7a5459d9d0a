#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// What PID 1 does to a fresh guest, in the order of use. Each is idempotent; none is thread-safe.

// Opens /dev/console as standard input, output and error where they are closed.
void OpenConsole();

// Mounts what the initramfs has not mounted: /proc, /sys, /dev, /dev/pts, /dev/shm, /run, /tmp and,
// as /sys/fs/cgroup, cgroup2. Makes /tmp/.X11-unix and /var/log/orchestrator. Only cgroup2 may be
// missing.
absl::Status MountFileSystems();

// Whether something is mounted at `path`, by the text of /proc/self/mountinfo.
bool IsMountPoint(absl::string_view mountinfo, absl::string_view path);

// Brings the loopback interface up.
absl::Status BringUpLoopback();

// The host name of the kernel; "" when it cannot be told.
std::string GetHostname();

// Sets the host name of the kernel.
absl::Status SetHostname(const std::string& name);

// Ignores SIGPIPE, raises the limit of open files and keeps Ctrl-Alt-Del from rebooting.
void SetProcessDefaults();

// Syncs disks and powers the machine off. Does not return.
[[noreturn]] void PowerOff();

}  // namespace orch::agent

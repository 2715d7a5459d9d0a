#include "orchestrator/agent/init/guest_init.h"

#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr rlim_t kMaxOpenFiles = 65536;
constexpr size_t kMaxMountInfoBytes = 1024 * 1024;

struct Mount {
  const char* type;
  const char* path;
  unsigned long flags;
  const char* options;
  // Without it the guest still works.
  bool optional = false;
};

constexpr Mount kMounts[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "", true},
};

absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    // mkdir() is subject to the umask.
    ::chmod(path.c_str(), mode);
    return absl::OkStatus();
  }
  if (errno == EEXIST) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
}

absl::Status MountMissing(const Mount& mount) {
  // Before /proc is mounted there is nothing to read: then nothing else is mounted either.
  const std::string mountinfo =
      ReadFile("/proc/self/mountinfo", kMaxMountInfoBytes).value_or(std::string());
  if (IsMountPoint(mountinfo, mount.path)) return absl::OkStatus();
  ::mkdir(mount.path, 0755);
  if (::mount(mount.type, mount.path, mount.type, mount.flags, mount.options) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot mount ", mount.type, " at ", mount.path));
}

}  // namespace

void OpenConsole() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    int opened = ::open("/dev/console", O_RDWR);
    if (opened < 0) opened = ::open("/dev/null", O_RDWR);
    // The lowest free descriptor is `fd` itself.
    if (opened < 0) return;
  }
}

bool IsMountPoint(absl::string_view mountinfo, absl::string_view path) {
  // The fifth field is the mount point, see proc_pid_mountinfo(5).
  constexpr size_t kMountPointField = 4;
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(' ', 5));
    if (fields.size() > kMountPointField && fields[kMountPointField] == path) return true;
  }
  return false;
}

absl::Status MountFileSystems() {
  for (const Mount& mount : kMounts) {
    const absl::Status mounted = MountMissing(mount);
    if (!mounted.ok() && !mount.optional) return mounted;
    if (!mounted.ok()) Log(LogLevel::kWarning, "mount_failed", {{"status", mounted}});
  }
  // X servers that are not root cannot make it.
  ORCH_RETURN_IF_ERROR(MakeDirectory("/tmp/.X11-unix", 01777));
  ORCH_RETURN_IF_ERROR(MakeDirectory("/var", 0755));
  ORCH_RETURN_IF_ERROR(MakeDirectory("/var/log", 0755));
  return MakeDirectory("/var/log/orchestrator", 0755);
}

absl::Status BringUpLoopback() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "cannot create a socket");
  ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return absl::ErrnoToStatus(errno, "cannot find the loopback interface");
  }
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return absl::ErrnoToStatus(errno, "cannot bring the loopback interface up");
  }
  return absl::OkStatus();
}

std::string GetHostname() {
  utsname names;
  return ::uname(&names) == 0 ? names.nodename : "";
}

absl::Status SetHostname(const std::string& name) {
  if (::sethostname(name.data(), name.size()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot set the host name ", name));
  }
  return absl::OkStatus();
}

void SetProcessDefaults() {
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(022);
  const rlimit files{kMaxOpenFiles, kMaxOpenFiles};
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::reboot(RB_DISABLE_CAD);
}

void PowerOff() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  // Only reached without the privilege, that is, when this is not PID 1 of a guest.
  ::_exit(1);
}

}  // namespace orch::agent

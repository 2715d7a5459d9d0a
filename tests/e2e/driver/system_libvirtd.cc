#include "tests/e2e/driver/system_libvirtd.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "tests/support/capability_cache.h"

namespace orch::testing {
namespace {

constexpr int kStartTimeoutMs = 30'000;

struct Mount {
  const char* name;
  const char* path;
};
constexpr Mount kMounts[] = {{"etc", "/etc/libvirt"},
                             {"run", "/run/libvirt"},
                             {"lib", "/var/lib/libvirt"},
                             {"log", "/var/log/libvirt"},
                             {"cache", "/var/cache/libvirt"}};

// Where a daemon says "READY=1", as systemd would have it.
absl::StatusOr<UniqueFd> NotifySocket(const std::string& path) {
  ::unlink(path.c_str());
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (!socket.valid() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot bind ", path));
  }
  return socket;
}

absl::Status AwaitReady(const UniqueFd& socket, pid_t pid) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  while (true) {
    pollfd events[] = {{socket.get(), POLLIN, 0}, {process.get(), POLLIN, 0}};
    const int ready = ::poll(events, 2, kStartTimeoutMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return absl::DeadlineExceededError("it did not become ready");
    if (events[0].revents == 0) return absl::InternalError("it ended instead of becoming ready");
    char message[4096];
    const ssize_t size = ::recv(socket.get(), message, sizeof(message), 0);
    if (size > 0 && absl::StrContains(absl::string_view(message, size), "READY=1")) {
      return absl::OkStatus();
    }
  }
}

// Runs a program that dies with this process, its output in a file.
pid_t Spawn(const std::vector<std::string>& argv, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SystemLibvirtd>> SystemLibvirtd::Start() {
  auto libvirtd = absl::WrapUnique(new SystemLibvirtd);
  ORCH_RETURN_IF_ERROR(libvirtd->MountDirectories());
  // As shipped, but without polkit, which needs more daemons, and without control groups, which
  // would stay behind.
  ORCH_RETURN_IF_ERROR(WriteFileAtomically("/etc/libvirt/qemu.conf", "cgroup_controllers = []\n"));
  ORCH_RETURN_IF_ERROR(
      WriteFileAtomically("/etc/libvirt/libvirtd.conf", "auth_unix_rw = \"none\"\n"));
  const CapabilityCache capabilities = CapabilityCache::OfSystem();
  capabilities.Seed();
  ORCH_RETURN_IF_ERROR(libvirtd->StartDaemon({"/usr/sbin/virtlogd"}));
  ORCH_RETURN_IF_ERROR(libvirtd->StartDaemon({"/usr/sbin/libvirtd"}));
  return libvirtd;
}

SystemLibvirtd::~SystemLibvirtd() {
  CapabilityCache::OfSystem().Keep();
  for (auto pid = daemons_.rbegin(); pid != daemons_.rend(); ++pid) {
    ::kill(*pid, SIGTERM);
    ::waitpid(*pid, nullptr, 0);
  }
  for (const Mount& mount : kMounts) ::umount2(mount.path, MNT_DETACH);
}

absl::Status SystemLibvirtd::MountDirectories() {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a mount namespace");
  }
  for (const Mount& mount : kMounts) {
    const std::string source = dir_.File(mount.name);
    std::error_code error;
    std::filesystem::create_directories(source, error);
    std::filesystem::create_directories(mount.path, error);
    if (::mount(source.c_str(), mount.path, nullptr, MS_BIND, nullptr) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot mount ", mount.path));
    }
  }
  return absl::OkStatus();
}

absl::Status SystemLibvirtd::StartDaemon(const std::vector<std::string>& argv) {
  const std::string notify = dir_.File("notify");
  const std::string log = dir_.File("daemons.log");
  ORCH_ASSIGN_OR_RETURN(const UniqueFd socket, NotifySocket(notify));
  ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
  const pid_t pid = Spawn(argv, log);
  ::unsetenv("NOTIFY_SOCKET");
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot run ", argv[0]));
  daemons_.push_back(pid);
  const absl::Status ready = AwaitReady(socket, pid);
  if (ready.ok()) return ready;
  return absl::InternalError(absl::StrCat(argv[0], ": ", ready.message(), "\n",
                                          ReadFileTail(log, 8192).value_or("(no log)")));
}

void SystemLibvirtdEnvironment::SetUp() {
  auto libvirtd = SystemLibvirtd::Start();
  if (!libvirtd.ok()) {
    // Tests whose environment failed are skipped, says GoogleTest: that would hide it.
    std::cerr << "no libvirtd: " << libvirtd.status() << std::endl;
    std::_Exit(EXIT_FAILURE);
  }
  libvirtd_ = *std::move(libvirtd);
}

}  // namespace orch::testing

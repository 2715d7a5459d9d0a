#include "tests/fuzz/jail.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace orch::fuzz {
namespace {

namespace fs = std::filesystem;

// Where the new root is mounted: a directory that every machine has and no clone is in.
constexpr char kRoot[] = "/sys";
constexpr char kInput[] = "/input";
constexpr char kRootOptions[] = "mode=0755,size=64m,nr_inodes=20k";
constexpr unsigned long kReadOnly = MS_RDONLY | MS_NOSUID | MS_NODEV;
constexpr int kKeptCapabilities[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
                                     CAP_FSETID, CAP_KILL,         CAP_SETGID,          CAP_SETUID};

void Require(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "fuzz jail: cannot %s: %s; start it with tests/fuzz/run_in_jail, as root\n",
               what, std::strerror(errno));
  std::_Exit(1);
}

std::string Below(const std::string& path) { return kRoot + path; }

// Makes `path` of the machine visible at the same place in the jail, read-only.
void Show(const std::string& path) {
  if (fs::is_directory(path)) {
    fs::create_directories(Below(path));
  } else {
    std::ofstream{Below(path)};
  }
  Require(::mount(path.c_str(), Below(path).c_str(), nullptr, MS_BIND, nullptr) == 0, "bind");
  // Devices must work where they are what is shown.
  const unsigned long flags = fs::is_directory(path) ? kReadOnly : MS_RDONLY | MS_NOSUID;
  Require(
      ::mount(nullptr, Below(path).c_str(), nullptr, MS_BIND | MS_REMOUNT | flags, nullptr) == 0,
      "remount");
}

void CopyInput(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::create_directories(Below(kInput));
  fs::copy(from, Below(to), fs::copy_options::recursive, error);
  if (error) {
    std::fprintf(stderr, "fuzz jail: cannot copy %s: %s\n", from.c_str(), error.message().c_str());
    std::_Exit(1);
  }
}

void DropCapabilities() {
  uint64_t kept = 0;
  for (const int capability : kKeptCapabilities) kept |= uint64_t{1} << capability;
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    if ((kept >> capability & 1) == 0) ::prctl(PR_CAPBSET_DROP, capability);
  }
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3] = {};
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
    const auto part = static_cast<uint32_t>(kept >> (32 * i));
    capabilities[i] = {.effective = part, .permitted = part, .inheritable = 0};
  }
  Require(::syscall(SYS_capset, &header, capabilities) == 0, "drop capabilities");
}

void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

void EnterJail(int argc, char** argv) {
  Require(::getpid() == 1 && ::geteuid() == 0, "be PID 1");
  Require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "own the mounts");
  Require(::mount("tmpfs", kRoot, "tmpfs", MS_NOSUID, kRootOptions) == 0, "mount a tmpfs");
  fs::create_directories(Below("/dev"));
  for (const char* path : {"/usr", "/dev/null", "/dev/urandom"}) Show(path);
  fs::create_directories(Below("/proc"));
  // Nothing but processes: no sysrq-trigger, no sysctl.
  Require(::mount("proc", Below("/proc").c_str(), "proc", kReadOnly, "subset=pid") == 0,
          "mount /proc");
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == '-') continue;
    const std::string copy = std::string(kInput) + "/" + std::to_string(i);
    CopyInput(argv[i], copy);
    // libFuzzer reads it later, and nobody frees it.
    argv[i] = ::strdup(copy.c_str());
  }
  Require(::chroot(kRoot) == 0 && ::chdir("/") == 0, "change the root");
  DropCapabilities();
  const rlimit none = {};
  ::setrlimit(RLIMIT_CORE, &none);
  TidyJail();
}

void TidyJail() {
  static const std::set<std::string> kept = {"/usr", "/dev", "/proc", kInput};
  std::error_code ignored;
  ::kill(-1, SIGKILL);
  for (const auto& entry : fs::directory_iterator("/", ignored)) {
    if (!kept.contains(entry.path().string())) fs::remove_all(entry.path(), ignored);
  }
  for (const std::string name : {"bin", "sbin", "lib", "lib64"}) {
    fs::create_symlink("usr/" + name, "/" + name, ignored);
  }
  for (const std::string directory : {"/etc", "/tmp", "/home/chromium/d/e"}) {
    fs::create_directories(directory, ignored);
  }
  ::chmod("/tmp", 01777);
  Write("/etc/passwd", "root:x:0:0::/:/bin/sh\nchromium:x:1000:1000::/home/chromium:/bin/sh\n");
  Write("/etc/group", "root:x:0:\nchromium:x:1000:\n");
  Write("/home/chromium/f", "contents");
  Write("/home/chromium/d/e/g", std::string(1000, 'g'));
  fs::create_symlink("d/e", "/home/chromium/l", ignored);
  for (const char* path : {"/home/chromium", "/home/chromium/f", "/home/chromium/d"}) {
    Require(::chown(path, 1000, 1000) == 0 || errno == ENOENT, "give files away");
  }
}

}  // namespace orch::fuzz

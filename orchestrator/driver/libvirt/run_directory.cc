#include "orchestrator/driver/libvirt/run_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

// Machines run as another user, and pass through to their own files.
constexpr mode_t kMode = 0711;
// libvirt's own, beside one for each machine.
constexpr char kDriverPid[] = "driver.pid";

std::string LinkIn(const std::string& root) { return root + "/run"; }

bool IsInMemory(const std::string& path) {
  struct statfs info = {};
  return ::statfs(path.c_str(), &info) == 0 && info.f_type == TMPFS_MAGIC;
}

UniqueFd OpenRoot(const std::string& root) {
  return UniqueFd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Anybody may make names in a place like /dev/shm.
UniqueFd OpenTarget(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool IsOurs(const UniqueFd& directory) {
  struct stat info = {};
  return directory.valid() && ::fstat(directory.get(), &info) == 0 && info.st_uid == ::geteuid();
}

bool HasMachines(const std::string& directory) {
  std::error_code error;
  const fs::directory_iterator files(directory + "/qemu", error);
  return !error && std::any_of(begin(files), end(files), [](const fs::directory_entry& file) {
    return file.path().extension() == ".pid" && file.path().filename() != kDriverPid;
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::Open(
    const std::string& root, const std::vector<std::string>& places) {
  const UniqueFd turn = OpenRoot(root);
  if (!turn.valid() || ::flock(turn.get(), LOCK_EX) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", root));
  }
  auto directory = absl::WrapUnique(new RunDirectory(root));
  if (directory->Target().empty()) ORCH_RETURN_IF_ERROR(directory->MakeTarget(places));
  const std::string target = directory->Target();
  if (target.empty()) return directory;
  // Within one process libvirt makes it once, and it may have been removed since.
  std::error_code error;
  fs::create_directory(target + "/qemu", error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot use ", target));
  directory->in_use_ = OpenTarget(target);
  if (!directory->in_use_.valid() || ::flock(directory->in_use_.get(), LOCK_SH) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", target));
  }
  return directory;
}

RunDirectory::~RunDirectory() {
  if (!in_use_.valid()) return;
  const UniqueFd turn = OpenRoot(root_);
  if (!turn.valid() || ::flock(turn.get(), LOCK_EX) != 0) return;
  const std::string target = Target();
  // Fails while another has it locked.
  if (target.empty() || ::flock(in_use_.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (HasMachines(target)) return;
  ::unlink(LinkIn(root_).c_str());
  RemoveAll(target).IgnoreError();
}

std::string RunDirectory::Target() const {
  std::error_code error;
  std::string target = fs::read_symlink(LinkIn(root_), error);
  return !error && IsOurs(OpenTarget(target)) ? target : "";
}

absl::Status RunDirectory::MakeTarget(const std::vector<std::string>& places) {
  const std::string link = LinkIn(root_);
  std::error_code error;
  const fs::file_status found = fs::symlink_status(link, error);
  if (fs::exists(found) && !fs::is_symlink(found)) return absl::OkStatus();
  // It leads to what a reboot took away.
  if (::unlink(link.c_str()) != 0 && errno != ENOENT) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot remove ", link));
  }
  for (const std::string& place : places) {
    std::string target = place + "/orchestrator-XXXXXX";
    if (!IsInMemory(place) || ::mkdtemp(target.data()) == nullptr) continue;
    if (::chmod(target.c_str(), kMode) == 0 && ::symlink(target.c_str(), link.c_str()) == 0) {
      return absl::OkStatus();
    }
    const int failed = errno;
    ::rmdir(target.c_str());
    return absl::ErrnoToStatus(failed, absl::StrCat("cannot create ", link));
  }
  return absl::OkStatus();
}

}  // namespace orch

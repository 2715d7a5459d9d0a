#include "orchestrator/daemon/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  std::error_code error;
  // The mode of a directory that is there already is its owner's choice.
  const bool made = std::filesystem::create_directories(path, error);
  if (error || (made && ::chmod(path.c_str(), mode) != 0)) {
    const int code = error ? error.value() : errno;
    return absl::ErrnoToStatus(
        code, absl::StrCat("state_dir: cannot make ", path,
                           "; let this user write there or set another state_dir"));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> Lock(const std::string& directory) {
  const std::string path = directory + "/lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("state_dir: cannot open ", path,
                            "; let this user write there or set another state_dir"));
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return absl::ErrnoToStatus(errno, absl::StrCat("state_dir: cannot lock ", path));
    }
    const absl::StatusOr<std::string> owner = ReadFile(path, 64);
    return absl::FailedPreconditionError(
        absl::StrCat("state_dir: ", directory, " is used by another daemon (process ",
                     owner.ok() ? absl::StripAsciiWhitespace(*owner) : "unknown",
                     "); stop that one or set another state_dir"));
  }
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return absl::ErrnoToStatus(errno, absl::StrCat("state_dir: cannot write ", path));
  }
  return fd;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateDir>> StateDir::Open(const std::string& path) {
  // Virtual machines run as another user, who must pass through to files of his own but may not
  // look around.
  for (const std::string& directory :
       {path, path + "/vms", path + "/scratch", path + "/templates"}) {
    ORCH_RETURN_IF_ERROR(MakeDirectory(directory, 0711));
  }
  ORCH_RETURN_IF_ERROR(MakeDirectory(path + "/standby", 0700));
  ORCH_ASSIGN_OR_RETURN(UniqueFd lock, Lock(path));
  return std::unique_ptr<StateDir>(new StateDir(path, std::move(lock)));
}

}  // namespace orch

#include "orchestrator/snapshot/vm_directories.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"

namespace orch {

std::string VmDirectories::PathOf(const VmId& id) const {
  return absl::StrCat(root_, "/", id.value());
}

absl::StatusOr<std::string> VmDirectories::Create(const VmId& id) {
  std::string path = PathOf(id);
  if (::mkdir(path.c_str(), 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  }
  return path;
}

absl::Status VmDirectories::GiveAway(const VmId& id) const {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator it(PathOf(id), error), end; !error && it != end;
       it.increment(error)) {
    paths.push_back(it->path());
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", PathOf(id)));
  paths.push_back(PathOf(id));
  for (const std::string& path : paths) {
    if (::lchown(path.c_str(), uid_, gid_) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot change the owner of ", path));
    }
  }
  return absl::OkStatus();
}

absl::Status VmDirectories::Remove(const VmId& id) { return RemoveAll(PathOf(id)); }

absl::StatusOr<std::vector<VmId>> VmDirectories::List() const {
  std::error_code error;
  std::vector<VmId> ids;
  for (std::filesystem::directory_iterator it(root_, error), end; !error && it != end;
       it.increment(error)) {
    if (absl::StatusOr<VmId> id = VmId::Parse(it->path().filename().string()); id.ok()) {
      ids.push_back(*std::move(id));
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", root_));
  return ids;
}

}  // namespace orch

#include "orchestrator/agent/child/cgroup_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace orch::agent {

Cgroup::Cgroup(CgroupTree& tree, std::string path, UniqueFd directory)
    : tree_(tree), path_(std::move(path)), directory_(std::move(directory)) {}

Cgroup::~Cgroup() { tree_.RemoveWhenEmpty(path_); }

absl::Status Cgroup::Kill() {
  const UniqueFd file(::openat(directory_.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
  if (!file.valid() || ::write(file.get(), "1", 1) != 1) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot kill the cgroup ", path_));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CgroupTree>> CgroupTree::Create(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create the cgroup ", path));
  }
  struct statfs file_system;
  if (::statfs(path.c_str(), &file_system) != 0 || file_system.f_type != CGROUP2_SUPER_MAGIC) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not in a cgroup2 file system"));
  }
  if (::access(absl::StrCat(path, "/cgroup.kill").c_str(), F_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has no cgroup.kill: the kernel is older than 5.14"));
  }
  return std::unique_ptr<CgroupTree>(new CgroupTree(path));
}

CgroupTree::~CgroupTree() {
  RemoveEmpty();
  ::rmdir(path_.c_str());
}

absl::StatusOr<std::unique_ptr<Cgroup>> CgroupTree::NewCgroup() {
  RemoveEmpty();
  std::string path = absl::StrCat(path_, "/", next_++);
  if (::mkdir(path.c_str(), 0755) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create the cgroup ", path));
  }
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the cgroup ", path));
  }
  return std::unique_ptr<Cgroup>(new Cgroup(*this, std::move(path), std::move(directory)));
}

void CgroupTree::RemoveWhenEmpty(std::string path) {
  if (::rmdir(path.c_str()) != 0 && errno == EBUSY) dropped_.push_back(std::move(path));
}

void CgroupTree::RemoveEmpty() {
  std::erase_if(dropped_, [](const std::string& path) {
    return ::rmdir(path.c_str()) == 0 || errno != EBUSY;
  });
}

}  // namespace orch::agent

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

class CgroupTree;

// A cgroup (version 2) with one process and whatever descends from it, however often it forks or
// changes its session. Not thread-safe. Dropping it kills nothing: the tree removes the directory
// once it is empty.
class Cgroup {
 public:
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  // The directory, for clone3(CLONE_INTO_CGROUP).
  int fd() const { return directory_.get(); }

  // SIGKILL to everything in it (cgroup.kill, Linux 5.14). An error means that nothing was killed.
  absl::Status Kill();

 private:
  friend class CgroupTree;
  Cgroup(CgroupTree& tree, std::string path, UniqueFd directory);

  CgroupTree& tree_;
  const std::string path_;
  const UniqueFd directory_;
};

// Makes cgroups below one directory, and removes them when they are empty. Not thread-safe:
// confined to the loop.
class CgroupTree {
 public:
  // Creates the directory `path` of a cgroup2 file system. `path` may exist.
  // FAILED_PRECONDITION: it is not in one, or its kernel has no cgroup.kill.
  static absl::StatusOr<std::unique_ptr<CgroupTree>> Create(const std::string& path);
  ~CgroupTree();
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;

  // A new, empty cgroup. The tree outlives it.
  absl::StatusOr<std::unique_ptr<Cgroup>> NewCgroup();

 private:
  friend class Cgroup;
  explicit CgroupTree(std::string path) : path_(std::move(path)) {}
  void RemoveWhenEmpty(std::string path);
  void RemoveEmpty();

  const std::string path_;
  uint64_t next_ = 1;
  // Dropped, but a descendant of the process lived on; tried again now and then.
  std::vector<std::string> dropped_;
};

}  // namespace orch::agent

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

class CgroupTree;

// What everything in a cgroup may use together; 0 is no limit.
struct CgroupLimits {
  uint64_t memory_bytes = 0;
  // In thousandths of a processor.
  uint32_t cpu_millis = 0;

  bool any() const { return memory_bytes > 0 || cpu_millis > 0; }
};

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

  // The processes in it now, at most `max` of them.
  std::vector<pid_t> Processes(size_t max) const;

  // Time that processors spent on all that ever was in it; zero where the kernel does not tell.
  absl::Duration CpuTime() const;

  // Whether the kernel ended something in it because of its memory limit.
  bool OutOfMemory() const;

 private:
  friend class CgroupTree;
  Cgroup(CgroupTree& tree, std::string path, UniqueFd directory);
  absl::Status Write(const char* file, const std::string& text);
  // The value of `key` in `file`, lines of "key value"; 0 when there is none.
  uint64_t ReadCounter(const char* file, const char* key) const;

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

  // A new, empty cgroup. The tree outlives it. FAILED_PRECONDITION: the kernel cannot limit what
  // `limits` asks for.
  absl::StatusOr<std::unique_ptr<Cgroup>> NewCgroup(const CgroupLimits& limits = {});

 private:
  friend class Cgroup;
  // Makes the directory for cgroups with limits. They have one of their own: the kernel's
  // accounting of memory outlives its cgroup, which would make those of many short processes pile
  // up.
  absl::Status EnableLimits();
  std::string LimitedPath() const { return path_ + "-limited"; }
  explicit CgroupTree(std::string path) : path_(std::move(path)) {}
  void RemoveWhenEmpty(std::string path);
  void RemoveEmpty();

  const std::string path_;
  uint64_t next_ = 1;
  bool limits_enabled_ = false;
  // Dropped, but a descendant of the process lived on; tried again now and then.
  std::vector<std::string> dropped_;
};

}  // namespace orch::agent

#include "orchestrator/agent/child/cgroup_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// Of a file in a cgroup's directory: enough for 1024 process ids and more.
constexpr size_t kMaxFileBytes = 16 * 1024;
// The kernel's default, in microseconds.
constexpr uint64_t kCpuPeriod = 100'000;

absl::Status WriteAt(int directory, const std::string& file, const std::string& text) {
  const UniqueFd fd(::openat(directory, file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || ::write(fd.get(), text.data(), text.size()) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", text, " to ", file));
  }
  return absl::OkStatus();
}

// What is in it as far as kMaxFileBytes; "" when it cannot be read.
std::string ReadAt(int directory, const char* file) {
  const UniqueFd fd(::openat(directory, file, O_RDONLY | O_CLOEXEC));
  std::string text(kMaxFileBytes, '\0');
  size_t size = 0;
  // The kernel gives at most a page at a time.
  for (ssize_t n = 1; fd.valid() && n > 0 && size < text.size();) {
    n = ::read(fd.get(), text.data() + size, text.size() - size);
    if (n > 0) size += static_cast<size_t>(n);
  }
  text.resize(size);
  return text;
}

}  // namespace

Cgroup::Cgroup(CgroupTree& tree, std::string path, UniqueFd directory)
    : tree_(tree), path_(std::move(path)), directory_(std::move(directory)) {}

Cgroup::~Cgroup() { tree_.RemoveWhenEmpty(path_); }

absl::Status Cgroup::Kill() { return Write("cgroup.kill", "1"); }

absl::Status Cgroup::Write(const char* file, const std::string& text) {
  return WriteAt(directory_.get(), file, text);
}

std::vector<pid_t> Cgroup::Processes(size_t max) const {
  std::vector<pid_t> pids;
  const std::string text = ReadAt(directory_.get(), "cgroup.procs");
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    pid_t pid = 0;
    if (pids.size() == max || !absl::SimpleAtoi(line, &pid)) break;
    pids.push_back(pid);
  }
  return pids;
}

uint64_t Cgroup::ReadCounter(const char* file, const char* key) const {
  const std::string text = ReadAt(directory_.get(), file);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> words = absl::StrSplit(line, ' ');
    uint64_t value = 0;
    if (words.first == key && absl::SimpleAtoi(words.second, &value)) return value;
  }
  return 0;
}

absl::Duration Cgroup::CpuTime() const {
  return absl::Microseconds(ReadCounter("cpu.stat", "usage_usec"));
}

bool Cgroup::OutOfMemory() const { return ReadCounter("memory.events", "oom_kill") > 0; }

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
  if (limits_enabled_) ::rmdir(LimitedPath().c_str());
}

absl::Status CgroupTree::EnableLimits() {
  if (limits_enabled_) return absl::OkStatus();
  const std::string path = LimitedPath();
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create the cgroup ", path));
  }
  // A controller must be on in each directory on the way.
  for (const std::string& directory : {path.substr(0, path.rfind('/')), path}) {
    const std::string file = absl::StrCat(directory, "/cgroup.subtree_control");
    if (const absl::Status on = WriteAt(AT_FDCWD, file, "+memory +cpu"); !on.ok()) {
      ::rmdir(path.c_str());
      return absl::FailedPreconditionError(
          absl::StrCat("limits need the cgroup controllers memory and cpu of this guest's kernel: ",
                       on.message()));
    }
  }
  limits_enabled_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Cgroup>> CgroupTree::NewCgroup(const CgroupLimits& limits) {
  RemoveEmpty();
  if (limits.any()) ORCH_RETURN_IF_ERROR(EnableLimits());
  std::string path = absl::StrCat(limits.any() ? LimitedPath() : path_, "/", next_++);
  if (::mkdir(path.c_str(), 0755) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create the cgroup ", path));
  }
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the cgroup ", path));
  }
  std::unique_ptr<Cgroup> cgroup(new Cgroup(*this, std::move(path), std::move(directory)));
  if (limits.memory_bytes > 0) {
    ORCH_RETURN_IF_ERROR(cgroup->Write("memory.max", absl::StrCat(limits.memory_bytes)));
    ORCH_RETURN_IF_ERROR(cgroup->Write("memory.oom.group", "1"));
    // Not there in a kernel without swap.
    cgroup->Write("memory.swap.max", "0").IgnoreError();
  }
  if (limits.cpu_millis > 0) {
    ORCH_RETURN_IF_ERROR(cgroup->Write(
        "cpu.max", absl::StrCat(limits.cpu_millis * kCpuPeriod / 1000, " ", kCpuPeriod)));
  }
  return cgroup;
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

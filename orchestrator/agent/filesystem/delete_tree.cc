#include "orchestrator/agent/filesystem/delete_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/directory_stream.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

// Names read before they are deleted: a directory must not change while it is read.
constexpr size_t kBatch = 1024;
// Directories open at a time. What is nested deeper is moved up into the first one, which is going
// to be deleted anyway.
constexpr int kMaxDepth = 128;
constexpr size_t kHoistedCharacters = 16;

class Deletion {
 public:
  Deletion(dev_t device, absl::FunctionRef<absl::Status()> check)
      : device_(device), check_(check) {}

  // Deletes what is in `directory`.
  absl::Status Empty(int directory, const std::string& path, int depth);

  uint64_t deleted() const { return deleted_; }

 private:
  absl::Status DeleteOne(int directory, const std::string& name, const std::string& path,
                         int depth);
  absl::Status DeleteBelow(int directory, const std::string& name, const std::string& path,
                           int depth);

  const dev_t device_;
  const absl::FunctionRef<absl::Status()> check_;
  int first_ = -1;
  uint64_t deleted_ = 0;
};

absl::Status Deletion::Empty(int directory, const std::string& path, int depth) {
  if (depth == 0) first_ = directory;
  while (true) {
    std::vector<std::string> names;
    absl::StatusOr<DirectoryStream> stream = DirectoryStream::Open(directory);
    if (!stream.ok()) return Annotate(stream.status(), Quoted(path));
    while (names.size() < kBatch) {
      ORCH_ASSIGN_OR_RETURN(std::optional<std::string> name, stream->Next());
      if (!name) break;
      names.push_back(*std::move(name));
    }
    if (names.empty()) return absl::OkStatus();
    for (const std::string& name : names) {
      ORCH_RETURN_IF_ERROR(check_());
      ORCH_RETURN_IF_ERROR(DeleteOne(directory, name, absl::StrCat(path, "/", name), depth));
    }
  }
}

absl::Status Deletion::DeleteOne(int directory, const std::string& name, const std::string& path,
                                 int depth) {
  if (::unlinkat(directory, name.c_str(), 0) == 0) {
    ++deleted_;
    return absl::OkStatus();
  }
  if (errno == ENOENT) return absl::OkStatus();
  // POSIX has EPERM for a directory, Linux EISDIR.
  if (errno != EISDIR) return PathError(errno, "delete", path);
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) {
    ++deleted_;
    return absl::OkStatus();
  }
  if (errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY) {
    return PathError(errno, "delete", path);
  }
  return DeleteBelow(directory, name, path, depth);
}

absl::Status Deletion::DeleteBelow(int directory, const std::string& name, const std::string& path,
                                   int depth) {
  if (depth + 1 >= kMaxDepth) {
    const std::string hoisted = absl::StrCat(".deleting-", RandomId(kHoistedCharacters));
    if (::renameat(directory, name.c_str(), first_, hoisted.c_str()) == 0 || errno == ENOENT) {
      return absl::OkStatus();
    }
    return PathError(errno, "delete", path);
  }
  const UniqueFd below(
      ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Whoever put something else there wants it left alone, or deleted in the next round.
  if (!below.valid() && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    return absl::OkStatus();
  }
  struct stat info = {};
  if (!below.valid() || ::fstat(below.get(), &info) != 0) {
    return PathError(errno, "delete what is in", path);
  }
  if (info.st_dev != device_) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path), " is a mount point; unmount it first"));
  }
  ORCH_RETURN_IF_ERROR(Empty(below.get(), path, depth + 1));
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) {
    ++deleted_;
    return absl::OkStatus();
  }
  // Something was put there meanwhile: the next round deletes it.
  if (errno == ENOENT || errno == ENOTEMPTY || errno == ENOTDIR) return absl::OkStatus();
  return PathError(errno, "delete", path);
}

}  // namespace

absl::StatusOr<uint64_t> DeleteTree(int parent, const std::string& name, const std::string& path,
                                    absl::FunctionRef<absl::Status()> check) {
  const UniqueFd directory(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info = {};
  struct stat around = {};
  if (!directory.valid() || ::fstat(directory.get(), &info) != 0 || ::fstat(parent, &around) != 0) {
    return PathError(errno, "delete directory", path);
  }
  if (info.st_dev != around.st_dev) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path), " is a mount point; unmount it first"));
  }
  Deletion deletion(info.st_dev, check);
  while (true) {
    ORCH_RETURN_IF_ERROR(deletion.Empty(directory.get(), path, 0));
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return deletion.deleted() + 1;
    if (errno != ENOTEMPTY) return PathError(errno, "delete directory", path);
    ORCH_RETURN_IF_ERROR(check());
  }
}

}  // namespace orch::agent

#include "orchestrator/archive/pack_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/archive/read_names.h"
#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;
constexpr int kMaxDepth = 256;

class Packing {
 public:
  Packing(ArchiveWriter& archive, const ArchiveLimits& limits,
          absl::FunctionRef<absl::Status()> check)
      : archive_(archive), limits_(limits), check_(check), buffer_(kBufferBytes, '\0') {}

  // What is in `directory`, whose own name is `path`, "" for the root and else with a slash at its
  // end.
  absl::Status PackAll(int directory, const std::string& path, int depth);

  const ArchiveCounts& counts() const { return counts_; }

 private:
  absl::Status PackOne(int directory, const std::string& name, const std::string& path, int depth);
  absl::Status PackFile(UniqueFd file, const std::string& path);
  absl::Status PackBelow(int directory, const std::string& name, const std::string& path,
                         const struct stat& info, int depth);
  absl::Status Begin(const struct stat& info, const std::string& path, std::string target);
  // The errno of a call on `path`; OK when it has gone away.
  static absl::Status Failed(absl::string_view what, const std::string& path) {
    if (errno == ENOENT) return absl::OkStatus();
    return ErrnoStatus(errno, absl::StrCat("cannot ", what, " ", Quoted(path)));
  }

  ArchiveWriter& archive_;
  const ArchiveLimits& limits_;
  const absl::FunctionRef<absl::Status()> check_;
  ArchiveCounts counts_;
  std::string buffer_;
};

absl::Status Packing::PackAll(int directory, const std::string& path, int depth) {
  ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        ReadNames(directory, limits_.max_entries));
  for (const std::string& name : names) {
    ORCH_RETURN_IF_ERROR(PackOne(directory, name, path + name, depth));
  }
  return absl::OkStatus();
}

absl::Status Packing::Begin(const struct stat& info, const std::string& path, std::string target) {
  if (++counts_.entries > limits_.max_entries) {
    return absl::ResourceExhaustedError(absl::StrCat(
        Quoted(path), " is one of more than ", limits_.max_entries, " files, which is the limit"));
  }
  ArchiveEntry entry;
  entry.name = path;
  entry.type = S_ISDIR(info.st_mode)   ? ArchiveEntry::Type::kDirectory
               : S_ISLNK(info.st_mode) ? ArchiveEntry::Type::kSymlink
                                       : ArchiveEntry::Type::kFile;
  entry.mode = info.st_mode & 07777;
  entry.size = static_cast<uint64_t>(info.st_size);
  entry.modified = absl::TimeFromTimespec(info.st_mtim);
  entry.link_target = std::move(target);
  return archive_.Begin(entry);
}

absl::Status Packing::PackOne(int directory, const std::string& name, const std::string& path,
                              int depth) {
  ORCH_RETURN_IF_ERROR(check_());
  struct stat info = {};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return Failed("look at", path);
  }
  if (S_ISDIR(info.st_mode)) return PackBelow(directory, name, path, info, depth);
  if (S_ISLNK(info.st_mode)) {
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(directory, name.c_str(), target, sizeof target);
    if (size < 0) return Failed("read symbolic link", path);
    ORCH_RETURN_IF_ERROR(Begin(info, path, std::string(target, static_cast<size_t>(size))));
    return archive_.End();
  }
  if (!S_ISREG(info.st_mode)) {
    ++counts_.skipped;
    return absl::OkStatus();
  }
  // Something else may have come in its place: that neither blocks nor is followed.
  UniqueFd file(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return Failed("open", path);
  return PackFile(std::move(file), path);
}

absl::Status Packing::PackFile(UniqueFd file, const std::string& path) {
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return Failed("look at", path);
  if (!S_ISREG(info.st_mode)) {
    ++counts_.skipped;
    return absl::OkStatus();
  }
  ORCH_RETURN_IF_ERROR(Begin(info, path, ""));
  auto left = static_cast<uint64_t>(info.st_size);
  if (left > limits_.max_bytes - counts_.bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("with ", Quoted(path),
                                                     ", there are more than ", limits_.max_bytes,
                                                     " bytes, which is the limit"));
  }
  while (left > 0) {
    ORCH_RETURN_IF_ERROR(check_());
    const ssize_t n = ::read(file.get(), buffer_.data(), std::min<uint64_t>(left, buffer_.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, absl::StrCat("cannot read ", Quoted(path)));
    if (n == 0) break;
    ORCH_RETURN_IF_ERROR(archive_.Write(absl::string_view(buffer_.data(), static_cast<size_t>(n))));
    left -= static_cast<uint64_t>(n);
    counts_.bytes += static_cast<uint64_t>(n);
  }
  return archive_.End();
}

absl::Status Packing::PackBelow(int directory, const std::string& name, const std::string& path,
                                const struct stat& info, int depth) {
  if (depth >= kMaxDepth) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxDepth, " directories are nested at ", Quoted(path)));
  }
  const UniqueFd below(
      ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!below.valid()) return Failed("open", path);
  ORCH_RETURN_IF_ERROR(Begin(info, path, ""));
  ORCH_RETURN_IF_ERROR(archive_.End());
  return PackAll(below.get(), path + "/", depth + 1);
}

}  // namespace

absl::StatusOr<ArchiveCounts> PackDirectory(int directory, ArchiveWriter& archive,
                                            const ArchiveLimits& limits,
                                            absl::FunctionRef<absl::Status()> check) {
  Packing packing(archive, limits, check);
  ORCH_RETURN_IF_ERROR(packing.PackAll(directory, "", 1));
  ORCH_RETURN_IF_ERROR(archive.Finish());
  return packing.counts();
}

}  // namespace orch

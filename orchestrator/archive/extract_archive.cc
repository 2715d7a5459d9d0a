#include "orchestrator/archive/extract_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "orchestrator/archive/entry_path.h"
#include "orchestrator/archive/target_directory.h"
#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr mode_t kOwnerAll = 0700;

// Where an entry goes: `name` in the directory `parent`.
struct Place {
  int parent = -1;
  std::string name;
};

class Extraction {
 public:
  Extraction(ArchiveReader& archive, int target, const ArchiveLimits& limits,
             absl::FunctionRef<absl::Status()> check)
      : archive_(archive), limits_(limits), target_(target, limits.max_entries), check_(check) {}

  absl::StatusOr<ArchiveCounts> Run();

 private:
  absl::Status Extract();
  absl::Status ExtractDirectory(const Place& place, const std::vector<std::string>& names);
  absl::Status ExtractFile(const Place& place);
  absl::Status CopyContents(int file);
  absl::Status ExtractSymlink(const Place& place);
  absl::Status ExtractHardLink(const Place& place);
  // Removes what is in the way of an entry that is no directory.
  absl::Status Clear(const Place& place) const;
  absl::Status ApplyDirectoryModes();
  absl::Status Failed(absl::string_view what) const {
    return ErrnoStatus(errno, absl::StrCat("cannot ", what, " ", Quoted(entry_.name)));
  }

  ArchiveReader& archive_;
  const ArchiveLimits& limits_;
  TargetDirectory target_;
  const absl::FunctionRef<absl::Status()> check_;
  ArchiveEntry entry_;
  ArchiveCounts counts_;
  // Directories whose mode would keep their owner from filling them: set at the end.
  std::vector<std::pair<std::vector<std::string>, mode_t>> locked_;
};

absl::StatusOr<ArchiveCounts> Extraction::Run() {
  while (true) {
    ORCH_RETURN_IF_ERROR(check_());
    ORCH_ASSIGN_OR_RETURN(const bool more, archive_.Next(entry_));
    if (!more) break;
    if (++counts_.entries + target_.made() > limits_.max_entries) {
      return absl::ResourceExhaustedError(
          absl::StrCat("entry ", Quoted(entry_.name), " is one of more than ", limits_.max_entries,
                       " entries and directories, which is the limit"));
    }
    entry_.mode &= limits_.mode_mask;
    ORCH_RETURN_IF_ERROR(Extract());
  }
  ORCH_RETURN_IF_ERROR(ApplyDirectoryModes());
  return counts_;
}

absl::Status Extraction::Extract() {
  ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitEntryName(entry_.name));
  if (names.empty()) {
    if (entry_.type == ArchiveEntry::Type::kDirectory) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("entry ", Quoted(entry_.name), " would replace the target directory"));
  }
  Place place{.parent = -1, .name = names.back()};
  ORCH_ASSIGN_OR_RETURN(place.parent,
                        target_.Reach(absl::MakeConstSpan(names).first(names.size() - 1)));
  switch (entry_.type) {
    case ArchiveEntry::Type::kDirectory:
      return ExtractDirectory(place, names);
    case ArchiveEntry::Type::kFile:
      return ExtractFile(place);
    case ArchiveEntry::Type::kSymlink:
      return ExtractSymlink(place);
    case ArchiveEntry::Type::kHardLink:
      return ExtractHardLink(place);
    case ArchiveEntry::Type::kSpecial:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("entry ", Quoted(entry_.name),
                   " is a device, pipe or socket, which unpacking does not make"));
}

absl::Status Extraction::ExtractDirectory(const Place& place,
                                          const std::vector<std::string>& names) {
  const bool made = ::mkdirat(place.parent, place.name.c_str(), entry_.mode | kOwnerAll) == 0;
  if (!made && errno != EEXIST) return Failed("create directory");
  const UniqueFd directory(
      ::openat(place.parent, place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid() && (errno == ENOTDIR || errno == ELOOP)) {
    return absl::FailedPreconditionError(
        absl::StrCat("entry ", Quoted(entry_.name),
                     " is a directory, but a file or symbolic link is in its place"));
  }
  if (!made) return absl::OkStatus();
  // mkdirat is subject to the umask.
  if (!directory.valid() || ::fchmod(directory.get(), entry_.mode | kOwnerAll) != 0) {
    return Failed("set the mode of");
  }
  if ((entry_.mode & kOwnerAll) != kOwnerAll) locked_.emplace_back(names, entry_.mode);
  return absl::OkStatus();
}

absl::Status Extraction::Clear(const Place& place) const {
  if (::unlinkat(place.parent, place.name.c_str(), 0) == 0 || errno == ENOENT) {
    return absl::OkStatus();
  }
  if (errno == EISDIR) {
    return absl::FailedPreconditionError(absl::StrCat(
        "entry ", Quoted(entry_.name), " is not a directory, but one is in its place"));
  }
  return Failed("replace");
}

absl::Status Extraction::ExtractFile(const Place& place) {
  UniqueFd file;
  for (int attempt = 0; attempt < 2 && !file.valid(); ++attempt) {
    file.Reset(::openat(place.parent, place.name.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid() && errno != EEXIST) return Failed("create");
    if (!file.valid()) ORCH_RETURN_IF_ERROR(Clear(place));
  }
  if (!file.valid()) {
    return absl::AbortedError(
        absl::StrCat("something else keeps creating ", Quoted(entry_.name), "; stop it first"));
  }
  ORCH_RETURN_IF_ERROR(CopyContents(file.get()));
  if (::fchmod(file.get(), entry_.mode) != 0) return Failed("set the mode of");
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                             absl::ToTimespec(entry_.modified)};
  if (::futimens(file.get(), times) != 0) return Failed("set the time of");
  return absl::OkStatus();
}

absl::Status Extraction::CopyContents(int file) {
  uint64_t written = 0;
  while (true) {
    ORCH_RETURN_IF_ERROR(check_());
    ORCH_ASSIGN_OR_RETURN(const ArchiveReader::Piece piece, archive_.Read());
    const uint64_t left = limits_.max_bytes - counts_.bytes;
    if (piece.offset > left || piece.bytes.size() > left - piece.offset) {
      return absl::ResourceExhaustedError(
          absl::StrCat("with ", Quoted(entry_.name), ", the archive unpacks to more than ",
                       limits_.max_bytes, " bytes, which is the limit"));
    }
    if (piece.bytes.empty()) {
      if (piece.offset > written && ::ftruncate(file, static_cast<off_t>(piece.offset)) != 0) {
        return Failed("write");
      }
      counts_.bytes += piece.offset;
      return absl::OkStatus();
    }
    absl::string_view bytes = piece.bytes;
    auto offset = static_cast<off_t>(piece.offset);
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("write");
      bytes.remove_prefix(static_cast<size_t>(n));
      offset += n;
    }
    written = piece.offset + piece.bytes.size();
  }
}

absl::Status Extraction::ExtractSymlink(const Place& place) {
  const char* target = entry_.link_target.c_str();
  if (::symlinkat(target, place.parent, place.name.c_str()) == 0) return absl::OkStatus();
  if (errno != EEXIST) return Failed("create symbolic link");
  ORCH_RETURN_IF_ERROR(Clear(place));
  if (::symlinkat(target, place.parent, place.name.c_str()) != 0) {
    return Failed("create symbolic link");
  }
  return absl::OkStatus();
}

absl::Status Extraction::ExtractHardLink(const Place& place) {
  ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitEntryName(entry_.link_target));
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("entry ", Quoted(entry_.name), " is a hard link to a directory"));
  }
  // Reach() would close the directory of `place`.
  const UniqueFd parent(::fcntl(place.parent, F_DUPFD_CLOEXEC, 0));
  if (!parent.valid()) return Failed("link");
  ORCH_ASSIGN_OR_RETURN(const int from,
                        target_.Reach(absl::MakeConstSpan(names).first(names.size() - 1)));
  const char* name = place.name.c_str();
  if (::linkat(from, names.back().c_str(), parent.get(), name, 0) == 0) return absl::OkStatus();
  if (errno != EEXIST) return Failed("make hard link");
  struct stat old = {};
  struct stat wanted = {};
  if (::fstatat(from, names.back().c_str(), &wanted, AT_SYMLINK_NOFOLLOW) == 0 &&
      ::fstatat(parent.get(), name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
      old.st_ino == wanted.st_ino && old.st_dev == wanted.st_dev) {
    return absl::OkStatus();
  }
  ORCH_RETURN_IF_ERROR(Clear({.parent = parent.get(), .name = place.name}));
  if (::linkat(from, names.back().c_str(), parent.get(), name, 0) != 0) {
    return Failed("make hard link");
  }
  return absl::OkStatus();
}

absl::Status Extraction::ApplyDirectoryModes() {
  // Those below first: a directory without its bits cannot be passed.
  for (auto locked = locked_.rbegin(); locked != locked_.rend(); ++locked) {
    const auto& [names, mode] = *locked;
    ORCH_ASSIGN_OR_RETURN(const int parent,
                          target_.Reach(absl::MakeConstSpan(names).first(names.size() - 1)));
    const UniqueFd directory(
        ::openat(parent, names.back().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.valid() || ::fchmod(directory.get(), mode) != 0) {
      return ErrnoStatus(errno, absl::StrCat("cannot set the mode of ", Quoted(names.back())));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ArchiveCounts> ExtractArchive(ArchiveReader& archive, int target,
                                             const ArchiveLimits& limits,
                                             absl::FunctionRef<absl::Status()> check) {
  return Extraction(archive, target, limits, check).Run();
}

}  // namespace orch

#include "orchestrator/agent/filesystem/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/mode_field.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/agent/filesystem/rename.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr mode_t kDefaultMode = 0644;
constexpr size_t kTemporaryCharacters = 16;
constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();
// How often something may come and go between looking and creating before that is given up.
constexpr int kAttempts = 5;

absl::Status CheckFields(const guest::v1::WriteFileRequest& request) {
  if (request.has_mode()) ORCH_RETURN_IF_ERROR(CheckMode(request.mode()));
  if (request.has_offset() && request.offset() > kMaxOffset) {
    return absl::InvalidArgumentError(
        absl::StrCat("offset is ", request.offset(), "; at most ", kMaxOffset, " is allowed"));
  }
  if (request.has_offset() && (request.append() || request.atomic())) {
    return absl::InvalidArgumentError("offset excludes append and atomic; drop one");
  }
  if (request.append() && request.atomic()) {
    return absl::InvalidArgumentError("append excludes atomic; drop one");
  }
  return absl::OkStatus();
}

}  // namespace

FileWriter::FileWriter(GuestPath path, const guest::v1::WriteFileRequest& request)
    : path_(std::move(path)),
      mode_(request.has_mode() ? std::optional<mode_t>(request.mode()) : std::nullopt),
      create_only_(request.create_only()),
      final_mode_(mode_.value_or(kDefaultMode)) {
  if (!request.append()) offset_ = request.offset();
}

absl::StatusOr<std::unique_ptr<FileWriter>> FileWriter::Open(
    const GuestPath& path, const guest::v1::WriteFileRequest& request) {
  ORCH_RETURN_IF_ERROR(CheckFields(request));
  ORCH_RETURN_IF_ERROR(path.CheckEndsInName("path"));
  auto writer = absl::WrapUnique(new FileWriter(path, request));
  if (request.create_parents()) {
    ORCH_ASSIGN_OR_RETURN(const GuestPath parent, GuestPath::Parse("path", path.parent()));
    ORCH_ASSIGN_OR_RETURN(writer->parent_, MakeDirectories(parent, request.no_symlinks()));
  } else {
    ORCH_ASSIGN_OR_RETURN(writer->parent_, OpenParent(path, request.no_symlinks()));
  }
  ORCH_RETURN_IF_ERROR(request.atomic() ? writer->OpenBeside() : writer->OpenInPlace(request));
  return writer;
}

FileWriter::~FileWriter() {
  if (!temporary_name_.empty()) ::unlinkat(parent_.get(), temporary_name_.c_str(), 0);
}

absl::Status FileWriter::OpenInPlace(const guest::v1::WriteFileRequest& request) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (!create_only_) {
      const absl::StatusOr<UniqueFd> name = OpenName(path_, request.no_symlinks());
      if (name.ok()) return OpenExisting(*name, request);
      if (!absl::IsNotFound(name.status())) return name.status();
    }
    ORCH_ASSIGN_OR_RETURN(const bool created, Create());
    if (created) return absl::OkStatus();
    if (create_only_) {
      return absl::AlreadyExistsError(absl::StrCat(Quoted(path_.text()), " exists already"));
    }
    struct stat info = {};
    if (::fstatat(parent_.get(), path_.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(info.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat(Quoted(path_.text()), " is a symbolic link to something that is missing"));
    }
  }
  return absl::AbortedError(
      absl::StrCat(Quoted(path_.text()), " keeps being created and deleted; retry"));
}

absl::Status FileWriter::OpenExisting(const UniqueFd& name,
                                      const guest::v1::WriteFileRequest& request) {
  const bool keeps = request.has_offset() || request.append();
  const int flags = O_WRONLY | (keeps ? 0 : O_TRUNC) | (request.append() ? O_APPEND : 0);
  ORCH_ASSIGN_OR_RETURN(file_, OpenRegularFile(name, flags, path_));
  return mode_ ? SetMode(*mode_) : absl::OkStatus();
}

absl::StatusOr<bool> FileWriter::Create() {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_.Reset(::openat(parent_.get(), path_.name().c_str(), flags, final_mode_));
  if (!file_.valid() && errno == EEXIST) return false;
  if (!file_.valid()) return PathError(errno, "create", path_.text());
  // openat is subject to the umask.
  ORCH_RETURN_IF_ERROR(SetMode(final_mode_));
  return true;
}

absl::Status FileWriter::OpenBeside() {
  const std::string name = absl::StrCat(".write-", RandomId(kTemporaryCharacters));
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_.Reset(::openat(parent_.get(), name.c_str(), flags, 0600));
  if (!file_.valid()) return PathError(errno, "create a file beside", path_.text());
  temporary_name_ = name;
  return TakeOver();
}

absl::Status FileWriter::TakeOver() {
  struct stat old = {};
  if (::fstatat(parent_.get(), path_.name().c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? absl::OkStatus() : PathError(errno, "look at", path_.text());
  }
  if (create_only_) {
    return absl::AlreadyExistsError(absl::StrCat(Quoted(path_.text()), " exists already"));
  }
  if (S_ISLNK(old.st_mode)) return absl::OkStatus();
  if (!S_ISREG(old.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path_.text()), " is ", KindOf(old.st_mode), ", not a file"));
  }
  // Users who are not root give nothing away: the new file is then theirs.
  if (::fchown(file_.get(), old.st_uid, old.st_gid) != 0 && errno != EPERM) {
    return PathError(errno, "keep the owner of", path_.text());
  }
  if (!mode_) final_mode_ = old.st_mode & kAllModeBits;
  return absl::OkStatus();
}

absl::Status FileWriter::SetMode(mode_t mode) const {
  if (::fchmod(file_.get(), mode) == 0) return absl::OkStatus();
  return PathError(errno, "set the mode of", path_.text());
}

absl::Status FileWriter::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n =
        offset_ ? ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(*offset_))
                : ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError(errno, "write", path_.text());
    bytes.remove_prefix(static_cast<size_t>(n));
    written_ += static_cast<uint64_t>(n);
    if (offset_) *offset_ += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Commit() {
  if (temporary_name_.empty()) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(SetMode(final_mode_));
  const int error = create_only_
                        ? RenameToFree(parent_.get(), temporary_name_, parent_.get(), path_.name())
                        : RenameOver(parent_.get(), temporary_name_, parent_.get(), path_.name());
  if (error != 0) return PathError(error, "create", path_.text());
  temporary_name_.clear();
  return absl::OkStatus();
}

}  // namespace orch::agent

#include "orchestrator/orchctl/transfer/local_file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {
namespace {

constexpr size_t kNameCharacters = 12;

absl::Status Failed(absl::string_view what, const std::string& path) {
  return ErrnoStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalFileWriter>> LocalFileWriter::Open(const std::string& path) {
  if (path == "-") return absl::WrapUnique(new LocalFileWriter(path, UniqueFd(), false));
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.valid()) return Failed("open", path);
    return absl::WrapUnique(new LocalFileWriter(path, std::move(file), false));
  }
  const std::string directory = std::filesystem::path(path).parent_path();
  UniqueFd file(
      ::open(directory.empty() ? "." : directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (file.valid()) return absl::WrapUnique(new LocalFileWriter(path, std::move(file), true));
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return Failed("create", path);
  // A file system where files have names.
  file.Reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.valid()) return Failed("create", path);
  return absl::WrapUnique(new LocalFileWriter(path, std::move(file), false));
}

absl::Status LocalFileWriter::Write(absl::string_view bytes) {
  return Annotate(WriteAll(file_.valid() ? file_.get() : STDOUT_FILENO, bytes), path_);
}

absl::Status LocalFileWriter::Commit() {
  if (!nameless_) return absl::OkStatus();
  // A link cannot replace a file; a rename can.
  const std::string named = absl::StrCat(path_, ".", RandomId(kNameCharacters));
  const std::string self = absl::StrCat("/proc/self/fd/", file_.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, named.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return Failed("create", path_);
  }
  if (::rename(named.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  const absl::Status failed = Failed("create", path_);
  ::unlink(named.c_str());
  return failed;
}

}  // namespace orch::ctl

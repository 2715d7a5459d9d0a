#include "orchestrator/archive/spool_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kNameCharacters = 16;

absl::StatusOr<UniqueFd> OpenNameless(int directory) {
  UniqueFd file(::openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return file;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return ErrnoStatus(errno, "cannot create a temporary file");
  }
  // A file system without O_TMPFILE.
  const std::string name = absl::StrCat(".upload-", RandomId(kNameCharacters));
  file.Reset(
      ::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return ErrnoStatus(errno, "cannot create a temporary file");
  ::unlinkat(directory, name.c_str(), 0);
  return file;
}

}  // namespace

absl::StatusOr<UniqueFd> SpoolToFile(ByteSource& source, int directory, uint64_t max_bytes) {
  ORCH_ASSIGN_OR_RETURN(UniqueFd file, OpenNameless(directory));
  uint64_t total = 0;
  while (true) {
    ORCH_ASSIGN_OR_RETURN(absl::string_view piece, source.Next());
    if (piece.empty()) return file;
    total += piece.size();
    if (total > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive is larger than ", max_bytes, " bytes, which is the limit"));
    }
    while (!piece.empty()) {
      const ssize_t n = ::write(file.get(), piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return ErrnoStatus(errno, "cannot keep the archive while it comes");
      piece.remove_prefix(static_cast<size_t>(n));
    }
  }
}

}  // namespace orch

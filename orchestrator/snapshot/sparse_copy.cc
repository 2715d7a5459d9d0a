#include "orchestrator/snapshot/sparse_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

absl::Status Failed(const char* step) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return absl::ResourceExhaustedError("the disk is full; free some space");
  }
  return absl::ErrnoToStatus(errno, step);
}

absl::Status CopyRange(int from, int to, off_t begin, off_t end) {
  off_t in = begin;
  off_t out = begin;
  while (in < end) {
    const ssize_t copied =
        ::copy_file_range(from, &in, to, &out, static_cast<size_t>(end - in), 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return Failed("copy_file_range");
    if (copied == 0) return absl::DataLossError("the file became shorter while it was copied");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SparseCopy(int from, int to) {
  if (::ioctl(to, FICLONE, from) == 0) return absl::OkStatus();
  struct stat status = {};
  if (::fstat(from, &status) != 0) return Failed("fstat");
  if (::ftruncate(to, status.st_size) != 0) return Failed("ftruncate");
  off_t end = 0;
  while (end < status.st_size) {
    const off_t begin = ::lseek(from, end, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // Only a hole is left.
    if (begin < 0) return Failed("SEEK_DATA");
    end = ::lseek(from, begin, SEEK_HOLE);
    if (end < 0) return Failed("SEEK_HOLE");
    ORCH_RETURN_IF_ERROR(CopyRange(from, to, begin, end));
  }
  return absl::OkStatus();
}

}  // namespace orch

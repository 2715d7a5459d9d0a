#include "orchestrator/base/directory_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/errno_status.h"

namespace orch {

absl::StatusOr<DirectoryStream> DirectoryStream::Open(int directory) {
  // A description of its own, for a position of its own.
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "cannot read a directory");
  DIR* stream = ::fdopendir(fd);
  if (stream == nullptr) {
    ::close(fd);
    return absl::ResourceExhaustedError("out of memory");
  }
  return DirectoryStream(stream);
}

absl::StatusOr<std::optional<std::string>> DirectoryStream::Next() {
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream_.get());
    if (entry == nullptr && errno != 0) return ErrnoStatus(errno, "cannot read a directory");
    if (entry == nullptr) return std::optional<std::string>();
    std::string name = entry->d_name;
    if (name != "." && name != "..") return std::optional<std::string>(std::move(name));
  }
}

}  // namespace orch

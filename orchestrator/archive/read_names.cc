#include "orchestrator/archive/read_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/errno_status.h"

namespace orch {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadNames(int directory, uint64_t max_names) {
  // A description of its own, for a position of its own.
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "cannot read a directory");
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd));
  if (stream == nullptr) {
    ::close(fd);
    return absl::ResourceExhaustedError("out of memory");
  }
  std::vector<std::string> names;
  errno = 0;
  for (const dirent* entry; (entry = ::readdir(stream.get())) != nullptr; errno = 0) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() >= max_names) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a directory has more than ", max_names, " entries, which is the limit"));
    }
    names.push_back(name);
  }
  if (errno != 0) return ErrnoStatus(errno, "cannot read a directory");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace orch

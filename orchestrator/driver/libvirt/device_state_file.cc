#include "orchestrator/driver/libvirt/device_state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/random_id.h"

namespace orch {

absl::StatusOr<std::unique_ptr<DeviceStateFile>> DeviceStateFile::Create(
    const std::string& directory, const std::optional<RunAs>& owner) {
  UniqueFd in(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!in.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", directory));
  std::string name = absl::StrCat("devices-", RandomId(8));
  std::string path = absl::StrCat(directory, "/", name);
  UniqueFd fd(
      ::openat(in.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  auto file = absl::WrapUnique(
      new DeviceStateFile(std::move(in), std::move(name), std::move(path), std::move(fd)));
  if (owner.has_value() && ::fchown(file->fd_.get(), owner->uid, owner->gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot chown ", file->path()));
  }
  return file;
}

DeviceStateFile::DeviceStateFile(UniqueFd directory, std::string name, std::string path,
                                 UniqueFd fd)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      path_(std::move(path)),
      fd_(std::move(fd)) {}

DeviceStateFile::~DeviceStateFile() {
  // Whatever the machine's user put there instead is in its own directory.
  ::unlinkat(directory_.get(), name_.c_str(), /*flags=*/0);
}

absl::Status DeviceStateFile::Write(absl::string_view devices) {
  while (!devices.empty()) {
    const ssize_t n = ::write(fd_.get(), devices.data(), devices.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    devices.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DeviceStateFile::Read(size_t max_bytes) const {
  struct stat stat = {};
  if (::fstat(fd_.get(), &stat) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path_));
  }
  if (static_cast<uint64_t>(stat.st_size) > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path_, " has ", stat.st_size, " bytes, at most ", max_bytes, " are taken"));
  }
  std::string devices(static_cast<size_t>(stat.st_size), '\0');
  size_t done = 0;
  while (done < devices.size()) {
    const ssize_t n =
        ::pread(fd_.get(), devices.data() + done, devices.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path_));
    if (n == 0) break;  // It was cut meanwhile.
    done += static_cast<size_t>(n);
  }
  devices.resize(done);
  return devices;
}

}  // namespace orch

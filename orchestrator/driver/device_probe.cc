#include "orchestrator/driver/device_probe.h"

#include <fcntl.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

absl::Status ProbeDevice(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return absl::OkStatus();
}

}  // namespace orch

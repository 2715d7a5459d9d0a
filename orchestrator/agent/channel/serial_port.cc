#include "orchestrator/agent/channel/serial_port.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxNameBytes = 4096;

}  // namespace

absl::StatusOr<UniqueFd> OpenSerialPort(const std::string& name, const std::string& sysfs,
                                        const std::string& dev) {
  std::error_code error;
  std::filesystem::directory_iterator ports(sysfs, error);
  for (; !error && ports != std::filesystem::directory_iterator(); ports.increment(error)) {
    const absl::StatusOr<std::string> port_name =
        ReadFile((ports->path() / "name").string(), kMaxNameBytes);
    if (!port_name.ok() || absl::StripTrailingAsciiWhitespace(*port_name) != name) continue;
    const std::string device = absl::StrCat(dev, "/", ports->path().filename().string());
    UniqueFd fd(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", device));
    return fd;
  }
  return absl::NotFoundError(absl::StrCat("no virtio-serial port is named '", name, "'"));
}

}  // namespace orch::agent

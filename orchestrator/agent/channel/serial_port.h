#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// Opens the virtio-serial port that the host named `name`: looks for it under `sysfs`
// (/sys/class/virtio-ports) and opens the device of the same name under `dev` (/dev). The kernel
// lets one process open a port at a time, and forgets unread input when it is closed.
//
// NOT_FOUND: this machine has no such port. Otherwise the code of the errno that open(2) set.
absl::StatusOr<UniqueFd> OpenSerialPort(const std::string& name,
                                        const std::string& sysfs = "/sys/class/virtio-ports",
                                        const std::string& dev = "/dev");

}  // namespace orch::agent

#pragma once

#include <string>

#include "absl/status/status.h"

namespace orch {

// Whether this process can open a device for reading and writing. NOT_FOUND, PERMISSION_DENIED ...
// by errno; the message names the path.
absl::Status ProbeDevice(const std::string& path);

}  // namespace orch

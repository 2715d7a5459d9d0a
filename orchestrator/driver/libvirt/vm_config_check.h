#pragma once

#include "absl/status/status.h"

#include "orchestrator/driver/vm_driver.h"

namespace orch {

// What LibvirtVmDriver::Start demands before it asks libvirt.
//
// INVALID_ARGUMENT: memory or vcpus beyond `host`, a path that is not absolute, control characters,
// a directory too long for a unix socket, a memory file that is missing for a shell or has another
// size than the memory; the message names the field and the limit. NOT_FOUND: a file is missing; it
// names the path.
absl::Status CheckVmConfig(const VmConfig& config, const HostInfo& host);

}  // namespace orch

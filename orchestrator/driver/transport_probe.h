#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_driver.h"

namespace orch {

// What the operator asks for.
enum class TransportChoice { kAuto, kVsock, kVirtioSerial };

struct TransportDecision {
  TransportKind transport = TransportKind::kVirtioSerial;
  std::string reason;
};

// Vsock where /dev/vhost-vsock opens (`vhost_vsock_device`, see ProbeDevice), else a virtio-serial
// port. FAILED_PRECONDITION: vsock is asked for and the device does not open; the message says why.
absl::StatusOr<TransportDecision> DecideTransport(TransportChoice choice,
                                                  const absl::Status& vhost_vsock_device);

}  // namespace orch

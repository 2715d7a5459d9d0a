#include "orchestrator/driver/transport_probe.h"

#include "absl/strings/str_cat.h"

namespace orch {

absl::StatusOr<TransportDecision> DecideTransport(TransportChoice choice,
                                                  const absl::Status& vhost_vsock_device) {
  if (choice == TransportChoice::kVirtioSerial) {
    return TransportDecision{TransportKind::kVirtioSerial, "asked for"};
  }
  if (vhost_vsock_device.ok()) {
    return TransportDecision{TransportKind::kVsock, "/dev/vhost-vsock opens"};
  }
  if (choice == TransportChoice::kVsock) {
    return absl::FailedPreconditionError(
        absl::StrCat("transport vsock cannot be used: ", vhost_vsock_device.message(),
                     "; load the module vhost_vsock, or use transport auto or virtio-serial"));
  }
  return TransportDecision{TransportKind::kVirtioSerial, std::string(vhost_vsock_device.message())};
}

}  // namespace orch

#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/model/guest_address.h"
#include "orchestrator/transport/guest_transport.h"
#include "orchestrator/transport/vsock/vsock_connector.h"

namespace orch {

// Reaches agents over vsock; the socket that Connect returns is the kernel's. Thread-safe.
class VsockTransport final : public GuestTransport {
 public:
  explicit VsockTransport(
      std::unique_ptr<VsockConnector> connector = std::make_unique<KernelVsockConnector>());

  // INVALID_ARGUMENT also for the CIDs 0 to 2 and 2^32-1, which no guest has.
  absl::StatusOr<UniqueFd> Connect(const GuestAddress& address, absl::Time deadline) override;

 private:
  const std::unique_ptr<VsockConnector> connector_;
};

}  // namespace orch

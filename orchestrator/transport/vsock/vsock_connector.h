#pragma once

#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/model/guest_address.h"

namespace orch {

// The system calls that only work where there are vsock guests. Implementations are thread-safe.
class VsockConnector {
 public:
  virtual ~VsockConnector() = default;

  // A non-blocking stream socket whose connection to `address` has begun: poll(2) says POLLOUT when
  // it is decided, SO_ERROR how. UNAVAILABLE: it failed at once.
  virtual absl::StatusOr<UniqueFd> Begin(const VsockAddress& address) = 0;
};

// The kernel's.
class KernelVsockConnector final : public VsockConnector {
 public:
  absl::StatusOr<UniqueFd> Begin(const VsockAddress& address) override;
};

}  // namespace orch

#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/model/guest_address.h"

namespace orch {

// Opens byte streams to agents. Thread-safe.
class GuestTransport {
 public:
  virtual ~GuestTransport() = default;

  // A connected, non-blocking stream socket that reaches the agent at `address`; the caller speaks
  // HTTP/2 over it. Closing it ends the connection; a virtual machine that ends closes the other
  // side. Blocks until `deadline` at most.
  //
  // UNAVAILABLE: the agent does not listen (yet), or the virtual machine is gone: retry.
  // INVALID_ARGUMENT: `address` is not of this transport's kind.
  virtual absl::StatusOr<UniqueFd> Connect(const GuestAddress& address, absl::Time deadline) = 0;
};

}  // namespace orch

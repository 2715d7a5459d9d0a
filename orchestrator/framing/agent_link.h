#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/framing/link_endpoint.h"

namespace orch {

// The agent's end of a port: serves it for ever, one connection after the other. Threads as
// LinkEndpoint.
class AgentLink final : public LinkEndpoint {
 public:
  // Called on Run's thread for each new connection, before the host hears that it is accepted; the
  // descriptor is a non-blocking socket on which the host speaks HTTP/2.
  using OnConnection = std::function<void(UniqueFd)>;

  // Will serve `port`. A connection whose host has been away for `hangup_grace` is closed. The
  // grace is for the kernel, which hears of a new host by another queue than of its bytes.
  static absl::StatusOr<std::unique_ptr<AgentLink>> Create(UniqueFd port,
                                                           OnConnection on_connection,
                                                           absl::Duration hangup_grace);

 private:
  AgentLink(Descriptors descriptors, OnConnection on_connection, absl::Duration hangup_grace);

  void OnOpen(uint64_t id) override;
  void OnPortHangup() override;
  void OnPortConnected() override;
  void OnTimer() override;
  absl::Status Accept(uint64_t id);

  const OnConnection on_connection_;
  const std::chrono::nanoseconds hangup_grace_;
  uint64_t last_id_ = 0;
  bool grace_running_ = false;
  bool grace_over_ = false;
};

}  // namespace orch

#pragma once

#include "orchestrator/base/clock.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch {

// Talks to real agents: guest.v1.LifecycleService over a transport.
class AgentControl final : public GuestControl {
 public:
  // Both must outlive this and the channels that it makes.
  AgentControl(GuestTransport& transport, const Clock& clock)
      : transport_(transport), clock_(clock) {}

  std::shared_ptr<GuestChannel> ChannelTo(const GuestAddress& agent) override;
  absl::Status AwaitReady(const GuestAddress& agent, absl::Time deadline,
                          CancelToken& cancel) override;
  absl::Status PrepareSnapshot(const GuestAddress& agent, absl::Time deadline,
                               CancelToken& cancel) override;
  absl::Status Greet(GuestChannel& guest, const std::string& name, absl::Time deadline,
                     CancelToken& cancel) override;

 private:
  GuestTransport& transport_;
  const Clock& clock_;
};

}  // namespace orch

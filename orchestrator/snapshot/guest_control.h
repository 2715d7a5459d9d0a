#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/model/guest_address.h"
#include "orchestrator/transport/guest_channel.h"

namespace orch {

// What a guest is told when it runs again.
enum class Greeting {
  // Time has passed: the clock is set.
  kSameGuest,
  // It is a new copy: it also gets entropy, a machine id and a host name of its own.
  kNewGuest,
};

// What the daemon itself wants from a guest's agent. Thread-safe; calls block.
class GuestControl {
 public:
  virtual ~GuestControl() = default;

  // The way to an agent, without connecting.
  virtual std::shared_ptr<GuestChannel> ChannelTo(const GuestAddress& agent) = 0;

  // Waits until a booting guest is ready. DEADLINE_EXCEEDED: it is not by `deadline`. INTERNAL: it
  // says that it cannot become ready. The token's reason when cancelled.
  virtual absl::Status AwaitReady(const GuestAddress& agent, absl::Time deadline,
                                  CancelToken& cancel) = 0;

  // Has a ready guest prepare to be copied, and lets go of the connection. A guest that does not
  // come to rest is OK: it is copied as it is. UNAVAILABLE and others: the agent does not answer.
  virtual absl::Status PrepareSnapshot(const GuestAddress& agent, absl::Time deadline,
                                       CancelToken& cancel) = 0;

  // Has a guest that runs again take notice; `name` is its new host name for kNewGuest. When this
  // returns OK the guest can be called. UNAVAILABLE or DEADLINE_EXCEEDED: it did not answer by
  // `deadline`. The token's reason when cancelled.
  virtual absl::Status Greet(GuestChannel& guest, Greeting greeting, const std::string& name,
                             absl::Time deadline, CancelToken& cancel) = 0;
};

}  // namespace orch

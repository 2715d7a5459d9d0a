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

  // Has a guest that runs again take notice: of the time, of fresh random numbers, and of who it
  // is. One that was greeted with another `name` before, or with none, is a copy: `name` becomes
  // its host name, and it gets the machine id that belongs to that name. When this returns OK the
  // guest can be called. UNAVAILABLE or DEADLINE_EXCEEDED: it did not answer by `deadline`. The
  // token's reason when cancelled.
  virtual absl::Status Greet(GuestChannel& guest, const std::string& name, absl::Time deadline,
                             CancelToken& cancel) = 0;
};

}  // namespace orch

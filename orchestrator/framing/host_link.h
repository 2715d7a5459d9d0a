#pragma once

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/framing/link_endpoint.h"

namespace orch {

// The host's end of a port, for one connection: opens it, serves it, and ends with it. Threads as
// LinkEndpoint.
class HostLink final : public LinkEndpoint {
 public:
  // Will carry bytes between `port`, connected to the serial port of a virtual machine, and
  // `socket`. Draws the connection's id. An OPEN is sent at once and then every `resend_interval`
  // until the agent answers.
  static absl::StatusOr<std::unique_ptr<HostLink>> Create(UniqueFd port, UniqueFd socket,
                                                          absl::Duration resend_interval);

  // Blocks until the agent accepted the connection; any thread.
  // UNAVAILABLE: the link ended before, or nothing was heard from the agent by `deadline`.
  absl::Status AwaitAccept(absl::Time deadline);

  // Whether Run has returned or is about to; any thread.
  bool ended() const;

 private:
  enum class State { kOpening, kOpen, kEnded };

  HostLink(Descriptors descriptors, UniqueFd socket, uint64_t id, absl::Duration resend_interval);

  void OnStart() override;
  void OnEnd() override;
  void OnAccept() override;
  void OnConnectionEnded() override;
  void OnPortHangup() override;
  void OnTimer() override;
  void SetState(State state);

  const uint64_t id_;
  const std::chrono::nanoseconds resend_interval_;
  UniqueFd unopened_socket_;
  bool hung_up_ = false;

  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kOpening;
};

}  // namespace orch

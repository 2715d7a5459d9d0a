#pragma once

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/model/guest_address.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch {

// Keeps the one HTTP/2 connection to a virtual machine's agent. Thread-safe. The transport and the
// clock outlive it.
//
// A channel over a socket does not reconnect and has no connectivity state; that it is broken shows
// when a call on it ends with UNAVAILABLE. Whoever sees that says so:
//
//   ORCH_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel, guest.Get(deadline));
//   grpc::Status status = LifecycleService::NewStub(channel)->GetStatus(&context, ...);
//   if (status.error_code() == grpc::UNAVAILABLE) guest.ReportBroken(channel);
class GuestChannel {
 public:
  // Failed attempts to connect are this far apart: each pause is drawn between half and all of a
  // bound that starts at kFirstBackoff and doubles up to kMaxBackoff.
  static constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
  static constexpr absl::Duration kMaxBackoff = absl::Seconds(2);
  // A channel that is reported broken before this age counts as a failed attempt.
  static constexpr absl::Duration kStableAge = absl::Seconds(1);
  static constexpr int kMaxReceiveMessageBytes = 32 * 1024 * 1024;

  GuestChannel(GuestTransport& transport, GuestAddress address, const Clock& clock);
  GuestChannel(const GuestChannel&) = delete;
  GuestChannel& operator=(const GuestChannel&) = delete;

  // The channel; connects when there is none, again and again until `deadline`. Callers that come
  // meanwhile wait for the same attempt. Shared because calls that are under way keep a channel
  // alive after another one replaced it. Blocks.
  //
  // UNAVAILABLE: no connection by `deadline`; the message has the last attempt's error.
  // INVALID_ARGUMENT: the address is not of the transport's kind.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Get(absl::Time deadline);

  // The channel that Get would return at once, or null. Does not block.
  std::shared_ptr<grpc::Channel> Current() const;

  // The next Get connects anew, unless `channel` is no longer the current one. Does not block.
  void ReportBroken(const std::shared_ptr<grpc::Channel>& channel);

 private:
  // Waits until there is a channel, or an attempt may begin, which is then the caller's to make.
  // Returns false when that is not so at `deadline`.
  bool AwaitTurn(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteFailure() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(absl::Time deadline);

  GuestTransport& transport_;
  const GuestAddress address_;
  const Clock& clock_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
  bool connecting_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time connected_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Duration backoff_ ABSL_GUARDED_BY(mutex_) = kFirstBackoff;
  absl::Time next_attempt_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_) = absl::UnavailableError("not connected");
};

}  // namespace orch

#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "grpcpp/channel.h"

#include "orchestrator/base/cancel_token.h"

namespace orch {

// The right to call one browser's guest, held for as long as the call takes: while there is one,
// the browser is active and does not go into standby by itself. Move-only; not thread-safe.
class GuestLease {
 public:
  // `on_release` is called once, with true when ReportBroken was called. `revoked` is shared with
  // whoever may take the lease back.
  GuestLease(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<CancelToken> revoked,
             absl::AnyInvocable<void(bool broken)> on_release)
      : channel_(std::move(channel)),
        revoked_(std::move(revoked)),
        on_release_(std::move(on_release)) {}
  GuestLease(GuestLease&& other) noexcept
      : channel_(std::move(other.channel_)),
        revoked_(std::move(other.revoked_)),
        on_release_(std::exchange(other.on_release_, nullptr)),
        broken_(other.broken_) {}
  GuestLease& operator=(GuestLease&& other) noexcept {
    if (this != &other) {
      Release();
      channel_ = std::move(other.channel_);
      revoked_ = std::move(other.revoked_);
      on_release_ = std::exchange(other.on_release_, nullptr);
      broken_ = other.broken_;
    }
    return *this;
  }
  ~GuestLease() { Release(); }

  // Shared because calls that are under way keep a channel alive after a reconnect replaced it.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Cancelled when the browser is taken away from its client (released, deleted): the call must end
  // with the token's reason.
  CancelToken& revoked() const { return *revoked_; }

  // Says that a call on this channel ended because the connection did (UNAVAILABLE): the next lease
  // gets a new one.
  void ReportBroken() { broken_ = true; }

 private:
  void Release() {
    if (on_release_) std::exchange(on_release_, nullptr)(broken_);
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<CancelToken> revoked_;
  absl::AnyInvocable<void(bool)> on_release_;
  bool broken_ = false;
};

}  // namespace orch

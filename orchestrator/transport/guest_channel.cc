#include "orchestrator/transport/guest_channel.h"

#include <grpcpp/create_channel_posix.h>

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/support/channel_arguments.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr int kKeepaliveMilliseconds = 20'000;
constexpr int kKeepaliveTimeoutMilliseconds = 10'000;

grpc::ChannelArguments MakeArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(GuestChannel::kMaxReceiveMessageBytes);
  // Finds an agent that hangs while a call is under way. Without one there are no pings: a paused
  // virtual machine could not answer them.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return arguments;
}

}  // namespace

GuestChannel::GuestChannel(GuestTransport& transport, GuestAddress address, const Clock& clock)
    : transport_(transport), address_(std::move(address)), clock_(clock) {}

absl::StatusOr<std::shared_ptr<grpc::Channel>> GuestChannel::Get(absl::Time deadline) {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (!AwaitTurn(deadline)) {
        return absl::UnavailableError(
            absl::StrCat("the guest's agent cannot be reached: ", last_error_.message()));
      }
      if (channel_ != nullptr) return channel_;
      connecting_ = true;
    }
    absl::StatusOr<std::shared_ptr<grpc::Channel>> connected = Connect(deadline);
    absl::MutexLock lock(&mutex_);
    connecting_ = false;
    changed_.SignalAll();
    if (connected.ok()) {
      channel_ = *connected;
      connected_at_ = clock_.Now();
      return channel_;
    }
    last_error_ = connected.status();
    NoteFailure();
    if (absl::IsInvalidArgument(last_error_)) return last_error_;
  }
}

bool GuestChannel::AwaitTurn(absl::Time deadline) {
  while (channel_ == nullptr) {
    const absl::Time now = clock_.Now();
    if (now >= deadline) return false;
    if (!connecting_ && now >= next_attempt_) return true;
    const absl::Time until = connecting_ ? deadline : std::min(deadline, next_attempt_);
    changed_.WaitWithTimeout(&mutex_, until - now);
  }
  return true;
}

void GuestChannel::NoteFailure() {
  absl::BitGen random;
  next_attempt_ = clock_.Now() + backoff_ * absl::Uniform(random, 0.5, 1.0);
  backoff_ = std::min(2 * backoff_, kMaxBackoff);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> GuestChannel::Connect(absl::Time deadline) {
  ORCH_ASSIGN_OR_RETURN(UniqueFd socket, transport_.Connect(address_, deadline));
  return grpc::CreateCustomInsecureChannelFromFd("guest", socket.Release(), MakeArguments());
}

std::shared_ptr<grpc::Channel> GuestChannel::Current() const {
  absl::MutexLock lock(&mutex_);
  return channel_;
}

void GuestChannel::ReportBroken(const std::shared_ptr<grpc::Channel>& channel) {
  // Outlives the lock: to close a connection is not a thing to do under it.
  std::shared_ptr<grpc::Channel> broken;
  absl::MutexLock lock(&mutex_);
  if (channel == nullptr || channel != channel_) return;
  broken = std::exchange(channel_, nullptr);
  if (clock_.Now() - connected_at_ < kStableAge) {
    last_error_ = absl::UnavailableError("the connection ended soon after it was made");
    NoteFailure();
  } else {
    backoff_ = kFirstBackoff;
    next_attempt_ = absl::InfinitePast();
  }
}

}  // namespace orch

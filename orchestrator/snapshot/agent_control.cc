#include "orchestrator/snapshot/agent_control.h"

#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/snapshot/console_excerpt.h"

namespace orch {
namespace {

using guest::v1::LifecycleService;

// Between a connection that a guest broke and the next one.
constexpr absl::Duration kRetryPause = absl::Milliseconds(50);
// How long one attempt to reach a guest may take before cancellation is looked at again.
constexpr absl::Duration kConnectSlice = absl::Seconds(1);
// How long a guest may take to come to rest before it is copied.
constexpr absl::Duration kIdleTimeout = absl::Seconds(20);
constexpr size_t kEntropyBytes = 64;
constexpr size_t kMachineIdBytes = 16;

using Call = std::function<grpc::Status(LifecycleService::Stub&, grpc::ClientContext&)>;

absl::StatusOr<std::string> RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) {
    return absl::ErrnoToStatus(errno, "getrandom");
  }
  return bytes;
}

// The same whenever the guest of that name is greeted, and another for every other name.
std::string MachineIdOf(absl::string_view name) {
  const std::string text = absl::StrCat("machine-id of ", name);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), kMachineIdBytes));
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t nanoseconds = absl::ToUnixNanos(time);
  proto.set_seconds(nanoseconds / 1'000'000'000);
  proto.set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  return proto;
}

// One call, on a channel that works.
absl::Status CallOnce(GuestChannel& guest, absl::Time deadline, CancelToken& cancel,
                      const Call& call) {
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                        guest.Get(std::min(deadline, absl::Now() + kConnectSlice)));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  const std::unique_ptr<LifecycleService::Stub> stub = LifecycleService::NewStub(channel);
  CancelToken::Interruption interruption(cancel, [&] { context.TryCancel(); });
  absl::Status status = FromGrpcStatus(call(*stub, context));
  if (absl::IsUnavailable(status)) guest.ReportBroken(channel);
  return status;
}

}  // namespace

std::shared_ptr<GuestChannel> AgentControl::ChannelTo(const GuestAddress& agent) {
  return std::make_shared<GuestChannel>(transport_, agent, clock_);
}

absl::Status AgentControl::AwaitReady(const GuestAddress& agent, absl::Time deadline,
                                      CancelToken& cancel) {
  while (true) {
    ORCH_RETURN_IF_ERROR(cancel.status());
    const absl::Time now = absl::Now();
    if (now >= deadline) return absl::DeadlineExceededError("the guest is not ready");
    // A fresh one each time: that a booting guest does not answer is no reason to back off.
    const std::shared_ptr<GuestChannel> channel = ChannelTo(agent);
    const auto connected = channel->Get(std::min(deadline, now + kConnectSlice));
    if (absl::IsUnavailable(connected.status())) continue;
    ORCH_RETURN_IF_ERROR(connected.status());
    const absl::Status status = CallOnce(
        *channel, deadline, cancel, [](LifecycleService::Stub& stub, grpc::ClientContext& context) {
          guest::v1::AwaitReadyResponse response;
          return stub.AwaitReady(&context, guest::v1::AwaitReadyRequest(), &response);
        });
    if (status.ok() || absl::IsDeadlineExceeded(status)) return status;
    if (!absl::IsUnavailable(status) && !absl::IsCancelled(status)) {
      return absl::InternalError(absl::StrCat("the guest says that it cannot become ready: ",
                                              ConsoleExcerpt(status.message())));
    }
    absl::SleepFor(kRetryPause);
  }
}

absl::Status AgentControl::PrepareSnapshot(const GuestAddress& agent, absl::Time deadline,
                                           CancelToken& cancel) {
  const std::shared_ptr<GuestChannel> channel = ChannelTo(agent);
  const absl::Status status = CallOnce(
      *channel, deadline, cancel, [](LifecycleService::Stub& stub, grpc::ClientContext& context) {
        guest::v1::PrepareSnapshotRequest request;
        request.mutable_idle_timeout()->set_seconds(absl::ToInt64Seconds(kIdleTimeout));
        guest::v1::PrepareSnapshotResponse response;
        return stub.PrepareSnapshot(&context, request, &response);
      });
  ORCH_RETURN_IF_ERROR(cancel.status());
  // It is copied as busy as it is.
  return absl::IsDeadlineExceeded(status) && absl::Now() < deadline ? absl::OkStatus() : status;
}

absl::Status AgentControl::Greet(GuestChannel& guest, const std::string& name, absl::Time deadline,
                                 CancelToken& cancel) {
  guest::v1::ResumedRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_entropy(), RandomBytes(kEntropyBytes));
  request.set_machine_id(MachineIdOf(name));
  request.set_hostname(name);
  absl::Status status;
  do {
    ORCH_RETURN_IF_ERROR(cancel.status());
    status = CallOnce(guest, deadline, cancel,
                      [&](LifecycleService::Stub& stub, grpc::ClientContext& context) {
                        *request.mutable_now() = ToProto(absl::Now());
                        guest::v1::ResumedResponse response;
                        return stub.Resumed(&context, request, &response);
                      });
    // The first call after a pause may find a connection that died meanwhile.
  } while (absl::IsUnavailable(status) && absl::Now() < deadline);
  ORCH_RETURN_IF_ERROR(cancel.status());
  return status;
}

}  // namespace orch

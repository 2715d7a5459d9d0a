#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"

#include "orchestrator/base/grpc_status.h"

namespace orch::gateway {

// A stream of the daemon, a message at a time: the next one is read when the one before has been
// dealt with. It keeps itself until its end. Cancel may be called from any thread; the rest is
// gRPC's.
//
//   auto stream = ReadDaemonStream<StreamOutputResponse>(
//       stub.async(), &Async::StreamOutput, request,
//       [](const StreamOutputResponse& response, auto next) { ...; next(true); },
//       [](const absl::Status& end) {...});
template <typename Request, typename Response>
class DaemonStream : public grpc::ClientReadReactor<Response> {
 public:
  // Deals with a message, which lives until `next` is called: with true for the next one, with
  // false to end the stream.
  using OnMessage = absl::AnyInvocable<void(const Response&, absl::AnyInvocable<void(bool)> next)>;
  using OnEnd = absl::AnyInvocable<void(const absl::Status&)>;

  DaemonStream(Request request, OnMessage on_message, OnEnd on_end)
      : request_(std::move(request)),
        on_message_(std::move(on_message)),
        on_end_(std::move(on_end)) {}

  template <typename Stub, typename Method>
  void Start(Stub* stub, Method method, std::shared_ptr<DaemonStream> self) {
    self_ = std::move(self);
    (stub->*method)(&context_, &request_, this);
    this->AddHold();
    this->StartRead(&response_);
    this->StartCall();
  }

  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return this->RemoveHold();
    on_message_(response_, [this](bool go_on) {
      if (go_on) return this->StartRead(&response_);
      context_.TryCancel();
      this->RemoveHold();
    });
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<DaemonStream> last_use = std::move(self_);
    // They may hold who holds this.
    on_message_ = nullptr;
    std::exchange(on_end_, nullptr)(FromGrpcStatus(status));
  }

 private:
  const Request request_;
  OnMessage on_message_;
  OnEnd on_end_;
  grpc::ClientContext context_;
  Response response_;
  std::shared_ptr<DaemonStream> self_;
};

// Begins one. What it returns is for Cancel.
template <typename Response, typename Stub, typename Request, typename OnMessage, typename OnEnd>
std::shared_ptr<DaemonStream<Request, Response>> ReadDaemonStream(
    std::type_identity_t<Stub>* stub,
    void (Stub::*method)(grpc::ClientContext*, const Request*, grpc::ClientReadReactor<Response>*),
    std::type_identity_t<Request> request, OnMessage on_message, OnEnd on_end) {
  auto stream = std::make_shared<DaemonStream<Request, Response>>(
      std::move(request), std::move(on_message), std::move(on_end));
  stream->Start(stub, method, stream);
  return stream;
}

}  // namespace orch::gateway

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"

#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// How a stream of the daemon becomes a body.
template <typename Response>
struct StreamFormat {
  HttpResponse head;
  // As in Exchange::Stream. Event streams have one.
  std::string heartbeat;
  // The bytes that stand for a message; may be empty.
  std::function<std::string(const Response&)> piece;
  StatusMap overrides;
  // Send the head now, for who waits for it before anything happens. An error then ends the stream
  // like anything else.
  bool at_once = false;
};

// The call behind AnswerWithStream. It keeps itself until the stream's end; gRPC calls one reaction
// at a time.
template <typename Request, typename Response>
class StreamedAnswer : public grpc::ClientReadReactor<Response> {
 public:
  StreamedAnswer(std::shared_ptr<Call> call, Request request, StreamFormat<Response> format)
      : call_(std::move(call)), request_(std::move(request)), format_(std::move(format)) {}

  template <typename Stub, typename Method>
  void Start(Stub* stub, Method method, std::shared_ptr<StreamedAnswer> self) {
    self_ = std::move(self);
    call_->exchange().OnGone(Exchange::Patience::kGiveUp,
                             [kept = self_] { kept->context_.TryCancel(); });
    if (format_.at_once) Begin();
    (stub->*method)(&context_, &request_, this);
    this->AddHold();
    this->StartRead(&response_);
    this->StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return this->RemoveHold();
    if (body_ == nullptr) Begin();
    std::string piece = format_.piece(response_);
    if (piece.empty()) return this->StartRead(&response_);
    body_->Write(std::move(piece), [this](bool written) {
      if (written) return this->StartRead(&response_);
      context_.TryCancel();
      this->RemoveHold();
    });
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<StreamedAnswer> last_use = std::move(self_);
    // It keeps this, which keeps the exchange.
    call_->exchange().OnGone(Exchange::Patience::kFinish, nullptr);
    if (body_ == nullptr) {
      if (!status.ok()) return call_->Fail(FromGrpcStatus(status), format_.overrides);
      Begin();
    }
    if (status.ok() || !format_.heartbeat.empty()) return body_->Finish();
    body_->Abort();
  }

 private:
  void Begin() { body_ = call_->exchange().Stream(std::move(format_.head), format_.heartbeat); }

  const std::shared_ptr<Call> call_;
  const Request request_;
  StreamFormat<Response> format_;
  std::shared_ptr<BodyStream> body_;
  grpc::ClientContext context_;
  Response response_;
  std::shared_ptr<StreamedAnswer> self_;
};

// Answers a call with what a stream of the daemon sends, each message as it comes and no faster
// than the client takes them. An error before the first message is the answer; after it, an event
// stream just ends and another body is cut short, so that nobody takes it for whole.
//
//   AnswerWithStream<ReadFileResponse>(call, stub.async(), &Async::ReadFile, request, {...});
template <typename Response, typename Stub, typename Request>
void AnswerWithStream(const std::shared_ptr<Call>& call, std::type_identity_t<Stub>* stub,
                      void (Stub::*method)(grpc::ClientContext*, const Request*,
                                           grpc::ClientReadReactor<Response>*),
                      std::type_identity_t<Request> request, StreamFormat<Response> format) {
  const auto answer = std::make_shared<StreamedAnswer<Request, Response>>(call, std::move(request),
                                                                          std::move(format));
  answer->Start(stub, method, answer);
}

// The head of a stream of server-sent events, and what is sent while there are none: a comment.
HttpResponse EventStreamHead();
inline constexpr char kEventHeartbeat[] = ":\n\n";

// One server-sent event.
std::string EventOf(const nlohmann::json& event);

}  // namespace orch::gateway

#include "orchestrator/gateway/kernel/output_stream.h"

#include <utility>

#include "grpcpp/support/client_callback.h"

#include "orchestrator/gateway/kernel/process_fields.h"

namespace orch::gateway {
namespace {

// One call of StreamOutput: alternates between reading a message and writing its event. The hold is
// removed when there is no more to read or nobody to write to; gRPC then ends it, and it keeps
// itself until that.
class OutputStream : public grpc::ClientReadReactor<guest::v1::StreamOutputResponse> {
 public:
  explicit OutputStream(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  void Start(std::shared_ptr<OutputStream> self, const std::string& session_id,
             const std::string& process_id) {
    self_ = std::move(self);
    request_.set_session_id(session_id);
    request_.set_process_id(process_id);
    call_->exchange().OnGone(Exchange::Patience::kGiveUp,
                             [kept = self_] { kept->context_.TryCancel(); });
    body_ = call_->exchange().Stream({.status = 200,
                                      .content_type = "text/event-stream",
                                      .headers = {{"X-SSE-Content-Type", "application/json"}},
                                      .body = {}},
                                     ":\n\n");
    call_->backend().processes->async()->StreamOutput(&context_, &request_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    body_->Write(OutputEvent(response_), [this](bool written) {
      if (written) return StartRead(&response_);
      context_.TryCancel();
      RemoveHold();
    });
  }

  void OnDone(const grpc::Status& /*status*/) override {
    const std::shared_ptr<OutputStream> last_use = std::move(self_);
    // It keeps this, which keeps the exchange.
    call_->exchange().OnGone(Exchange::Patience::kFinish, nullptr);
    body_->Finish();
  }

 private:
  const std::shared_ptr<Call> call_;
  std::shared_ptr<BodyStream> body_;
  grpc::ClientContext context_;
  guest::v1::StreamOutputRequest request_;
  guest::v1::StreamOutputResponse response_;
  std::shared_ptr<OutputStream> self_;
};

}  // namespace

void StreamOutput(const std::shared_ptr<Call>& call, const std::string& session_id,
                  const std::string& process_id) {
  const auto stream = std::make_shared<OutputStream>(call);
  stream->Start(stream, session_id, process_id);
}

}  // namespace orch::gateway

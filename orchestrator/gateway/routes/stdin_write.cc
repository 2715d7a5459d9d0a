#include "orchestrator/gateway/routes/stdin_write.h"

#include <algorithm>
#include <utility>

#include "grpcpp/support/client_callback.h"

namespace orch::gateway {
namespace {

// See WriteStdinRequest.data.
constexpr size_t kPieceBytes = 64 << 10;

// One call of WriteStdin. gRPC calls one reaction at a time; it keeps itself until the last of
// them.
class StdinWrite : public grpc::ClientWriteReactor<guest::v1::WriteStdinRequest> {
 public:
  StdinWrite(std::shared_ptr<Call> call, StdinBytes input, StdinDone done)
      : call_(std::move(call)), input_(std::move(input)), done_(std::move(done)) {}

  void Start(std::shared_ptr<StdinWrite> self) {
    self_ = std::move(self);
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(2)));
    call_->exchange().OnGone(Exchange::Patience::kGiveUp,
                             [kept = self_] { kept->context_.TryCancel(); });
    request_.set_session_id(input_.session_id);
    request_.set_process_id(input_.process_id);
    call_->backend().processes->async()->WriteStdin(&context_, &response_, this);
    WriteNext();
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok && sent_ < input_.bytes.size()) WriteNext();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<StdinWrite> last_use = std::move(self_);
    // It keeps this, which keeps the exchange.
    call_->exchange().OnGone(Exchange::Patience::kGiveUp, nullptr);
    if (!status.ok()) return done_(FromGrpcStatus(status));
    done_(response_.written_bytes());
  }

 private:
  void WriteNext() {
    const size_t size = std::min(kPieceBytes, input_.bytes.size() - sent_);
    request_.set_data(input_.bytes.substr(sent_, size));
    sent_ += size;
    if (sent_ < input_.bytes.size()) {
      StartWrite(&request_);
    } else {
      request_.set_eof(input_.eof);
      StartWriteLast(&request_, grpc::WriteOptions());
    }
  }

  const std::shared_ptr<Call> call_;
  const StdinBytes input_;
  StdinDone done_;
  size_t sent_ = 0;
  grpc::ClientContext context_;
  guest::v1::WriteStdinRequest request_;
  guest::v1::WriteStdinResponse response_;
  std::shared_ptr<StdinWrite> self_;
};

}  // namespace

void WriteStdin(const std::shared_ptr<Call>& call, StdinBytes input, StdinDone done) {
  const auto write = std::make_shared<StdinWrite>(call, std::move(input), std::move(done));
  write->Start(write);
}

}  // namespace orch::gateway

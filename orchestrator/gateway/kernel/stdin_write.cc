#include "orchestrator/gateway/kernel/stdin_write.h"

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
  StdinWrite(std::shared_ptr<Call> call, std::string bytes)
      : call_(std::move(call)), bytes_(std::move(bytes)) {}

  void Start(std::shared_ptr<StdinWrite> self, const std::string& session_id,
             const std::string& process_id) {
    self_ = std::move(self);
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(2)));
    call_->exchange().OnGone(Exchange::Patience::kGiveUp,
                             [kept = self_] { kept->context_.TryCancel(); });
    request_.set_session_id(session_id);
    request_.set_process_id(process_id);
    call_->backend().processes->async()->WriteStdin(&context_, &response_, this);
    WriteNext();
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok && sent_ < bytes_.size()) WriteNext();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<StdinWrite> last_use = std::move(self_);
    if (!status.ok()) return call_->Fail(FromGrpcStatus(status));
    call_->AnswerJson({{"written_bytes", response_.written_bytes()}});
  }

 private:
  void WriteNext() {
    const size_t size = std::min(kPieceBytes, bytes_.size() - sent_);
    request_.set_data(bytes_.substr(sent_, size));
    sent_ += size;
    if (sent_ < bytes_.size()) {
      StartWrite(&request_);
    } else {
      StartWriteLast(&request_, grpc::WriteOptions());
    }
  }

  const std::shared_ptr<Call> call_;
  const std::string bytes_;
  size_t sent_ = 0;
  grpc::ClientContext context_;
  guest::v1::WriteStdinRequest request_;
  guest::v1::WriteStdinResponse response_;
  std::shared_ptr<StdinWrite> self_;
};

}  // namespace

void WriteStdin(const std::shared_ptr<Call>& call, const std::string& session_id,
                const std::string& process_id, std::string bytes) {
  const auto write = std::make_shared<StdinWrite>(call, std::move(bytes));
  write->Start(write, session_id, process_id);
}

}  // namespace orch::gateway

#include "orchestrator/gateway/http/session_exchange.h"

#include <utility>

#include "orchestrator/gateway/http/http_error.h"
#include "orchestrator/gateway/http/http_session.h"

namespace orch::gateway {
namespace {

// Hands on to the session's stream.
class SessionBody : public BodyStream {
 public:
  explicit SessionBody(std::shared_ptr<SessionExchange> exchange,
                       std::shared_ptr<HttpSession> session)
      : exchange_(std::move(exchange)), session_(std::move(session)) {}
  ~SessionBody() override { Finish(); }

  void Write(std::string piece, absl::AnyInvocable<void(bool)> done) override {
    session_->WritePiece(std::move(piece), std::move(done));
  }

  void Finish() override {
    if (!std::exchange(finished_, true)) session_->FinishStream();
  }
  void Abort() override {
    finished_ = true;
    session_->Abort();
  }

 private:
  // Kept for whoever asked to be told when the client goes.
  const std::shared_ptr<SessionExchange> exchange_;
  const std::shared_ptr<HttpSession> session_;
  bool finished_ = false;
};

// Hands on to the session's socket.
class SessionBytes : public ByteConnection {
 public:
  explicit SessionBytes(std::shared_ptr<SessionExchange> exchange,
                        std::shared_ptr<HttpSession> session)
      : exchange_(std::move(exchange)), session_(std::move(session)) {}
  ~SessionBytes() override { Close(); }

  void Read(absl::AnyInvocable<void(std::string)> done) override {
    session_->ReadBytes(std::move(done));
  }
  void Write(std::string bytes, absl::AnyInvocable<void(bool)> done) override {
    session_->WriteBytes(std::move(bytes), std::move(done));
  }
  void FinishWriting() override { session_->FinishWriting(); }
  void Close() override { session_->Abort(); }

 private:
  // Kept for whoever asked to be told when the connection ends.
  const std::shared_ptr<SessionExchange> exchange_;
  const std::shared_ptr<HttpSession> session_;
};

}  // namespace

SessionExchange::SessionExchange(std::shared_ptr<HttpSession> session, HttpRequest request)
    : session_(std::move(session)), request_(std::move(request)) {}

SessionExchange::~SessionExchange() {
  if (Claim()) session_->Answer(ErrorResponse(500, "the request was dropped without an answer"));
}

bool SessionExchange::Claim() {
  absl::MutexLock lock(&mutex_);
  return !std::exchange(answered_, true);
}

void SessionExchange::OnGone(Patience patience, absl::AnyInvocable<void()> gone) {
  {
    absl::MutexLock lock(&mutex_);
    if (!over_ && !(half_closed_ && patience == Patience::kGiveUp)) {
      patience_ = patience;
      gone_ = std::move(gone);
      return;
    }
  }
  if (gone) gone();
}

void SessionExchange::ReportGone(bool half_closed) {
  absl::AnyInvocable<void()> gone;
  {
    absl::MutexLock lock(&mutex_);
    half_closed_ = true;
    if (!half_closed) over_ = true;
    if (over_ || patience_ == Patience::kGiveUp) gone = std::exchange(gone_, nullptr);
  }
  if (gone) gone();
}

void SessionExchange::ReadBody(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  session_->ReadPiece(std::move(done));
}

void SessionExchange::Answer(HttpResponse response) {
  if (!Claim()) return;
  OnGone(Patience::kFinish, nullptr);
  session_->Answer(std::move(response));
}

std::shared_ptr<BodyStream> SessionExchange::Stream(HttpResponse head, std::string heartbeat) {
  if (Claim()) session_->BeginStream(std::move(head), std::move(heartbeat));
  return std::make_shared<SessionBody>(shared_from_this(), session_);
}

std::shared_ptr<ByteConnection> SessionExchange::TakeOver() {
  Claim();
  session_->BeginTakeOver();
  return std::make_shared<SessionBytes>(shared_from_this(), session_);
}

}  // namespace orch::gateway

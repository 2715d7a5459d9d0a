#include "orchestrator/gateway/cdp/tunnel.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"

#include "orchestrator/base/grpc_status.h"

namespace orch::gateway {
namespace {

using OpenDone = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<ByteConnection>>)>;

// See ConnectRequest.data.
constexpr size_t kPieceBytes = 64 << 10;

// The call. It keeps itself until OnDone. A hold keeps OnDone back while the connection is used;
// each operation has one of its own while it is being started, because Close may remove the other
// one meanwhile. The mutex is never held while gRPC is called: it may run reactions in the calling
// thread.
class TunnelCall
    : public grpc::ClientBidiReactor<guest::v1::ConnectRequest, guest::v1::ConnectResponse> {
 public:
  explicit TunnelCall(OpenDone opened) : opened_(std::move(opened)) {}

  void Start(guest::v1::TunnelService::Stub& tunnels, const std::string& session_id, uint16_t port,
             absl::Duration timeout, std::shared_ptr<TunnelCall> self) {
    self_ = std::move(self);
    if (timeout != absl::InfiniteDuration()) {
      context_.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    }
    request_.set_session_id(session_id);
    request_.set_port(port);
    tunnels.async()->Connect(&context_, this);
    AddHold();
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }

  void Read(absl::AnyInvocable<void(std::string)> done) {
    {
      absl::MutexLock lock(&mutex_);
      if (!closed_ && !read_over_) {
        read_done_ = std::exchange(done, nullptr);
        AddHold();
      }
    }
    if (done) return done("");
    StartRead(&response_);
    RemoveHold();
  }

  void Write(std::string bytes, absl::AnyInvocable<void(bool)> done) {
    {
      absl::MutexLock lock(&mutex_);
      if (!closed_ && !write_over_) {
        unwritten_ = std::move(bytes);
        write_done_ = std::exchange(done, nullptr);
        AddHold();
      }
    }
    if (done) return done(false);
    WritePiece();
    RemoveHold();
  }

  void FinishWriting() {
    {
      absl::MutexLock lock(&mutex_);
      if (closed_ || write_over_) return;
      write_over_ = true;
      AddHold();
    }
    StartWritesDone();
    RemoveHold();
  }

  void Close() {
    {
      absl::MutexLock lock(&mutex_);
      if (std::exchange(closed_, true)) return;
    }
    context_.TryCancel();
    RemoveHold();
  }

  void OnReadDone(bool ok) override;
  // The first message was written, or the guest said that the connection is open: it is when both
  // are true. Only then may there be another write.
  void OnHalfOpen();

  void OnWriteDone(bool ok) override {
    if (!first_written_) {
      first_written_ = true;
      request_.Clear();
      return OnHalfOpen();
    }
    if (ok && !unwritten_.empty()) return WritePiece();
    absl::AnyInvocable<void(bool)> done;
    {
      absl::MutexLock lock(&mutex_);
      if (!ok) write_over_ = true;
      done = std::exchange(write_done_, nullptr);
    }
    done(ok);
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<TunnelCall> last_use = std::move(self_);
    if (!opened_) return;
    const absl::Status error = FromGrpcStatus(status);
    std::exchange(opened_, nullptr)(
        error.ok() ? absl::UnavailableError("the guest closed the connection at once") : error);
  }

 private:
  void WritePiece() {
    request_.set_data(unwritten_.substr(0, kPieceBytes));
    unwritten_.erase(0, kPieceBytes);
    StartWrite(&request_);
  }

  OpenDone opened_;
  grpc::ClientContext context_;
  guest::v1::ConnectRequest request_;
  guest::v1::ConnectResponse response_;
  // Of the one write under way.
  std::string unwritten_;
  bool first_written_ = false;
  bool is_open_ = false;
  std::shared_ptr<TunnelCall> self_;

  absl::Mutex mutex_;
  bool half_open_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_over_ ABSL_GUARDED_BY(mutex_) = false;
  bool write_over_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void(std::string)> read_done_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void(bool)> write_done_ ABSL_GUARDED_BY(mutex_);
};

// Closes the call when nobody wants the connection any more.
class Tunnel : public ByteConnection {
 public:
  explicit Tunnel(std::shared_ptr<TunnelCall> call) : call_(std::move(call)) {}
  ~Tunnel() override { call_->Close(); }

  void Read(absl::AnyInvocable<void(std::string)> done) override { call_->Read(std::move(done)); }
  void Write(std::string bytes, absl::AnyInvocable<void(bool)> done) override {
    call_->Write(std::move(bytes), std::move(done));
  }
  void FinishWriting() override { call_->FinishWriting(); }
  void Close() override { call_->Close(); }

 private:
  const std::shared_ptr<TunnelCall> call_;
};

void TunnelCall::OnHalfOpen() {
  {
    absl::MutexLock lock(&mutex_);
    if (!std::exchange(half_open_, true)) return;
  }
  if (is_open_) std::exchange(opened_, nullptr)(std::make_shared<Tunnel>(self_));
}

void TunnelCall::OnReadDone(bool ok) {
  if (!is_open_) {
    if (!ok) return Close();  // OnDone has the reason.
    is_open_ = true;
    return OnHalfOpen();
  }
  absl::AnyInvocable<void(std::string)> done;
  {
    absl::MutexLock lock(&mutex_);
    if (!ok) read_over_ = true;
    done = std::exchange(read_done_, nullptr);
  }
  done(ok ? std::move(*response_.mutable_data()) : std::string());
}

}  // namespace

void OpenTunnel(guest::v1::TunnelService::Stub& tunnels, const std::string& session_id,
                uint16_t port, absl::Duration timeout, OpenDone done) {
  const auto call = std::make_shared<TunnelCall>(std::move(done));
  call->Start(tunnels, session_id, port, timeout, call);
}

}  // namespace orch::gateway

#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/gateway/http/exchange.h"

namespace orch::gateway {

class HttpSession;

// The exchange that a handler gets: it hands on to its session, which it keeps alive. Internal to
// HttpServer.
class SessionExchange : public Exchange, public std::enable_shared_from_this<SessionExchange> {
 public:
  SessionExchange(std::shared_ptr<HttpSession> session, HttpRequest request);
  ~SessionExchange() override;

  const HttpRequest& request() const override { return request_; }
  void OnGone(Patience patience, absl::AnyInvocable<void()> gone) override;
  void ReadBody(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override;
  void Answer(HttpResponse response) override;
  std::shared_ptr<BodyStream> Stream(HttpResponse head, std::string heartbeat) override;
  std::shared_ptr<ByteConnection> TakeOver() override;

  // For the session: the client closed its side, or everything is over.
  void ReportGone(bool half_closed);

 private:
  // Whether this is the first that answers.
  bool Claim();

  const std::shared_ptr<HttpSession> session_;
  const HttpRequest request_;
  absl::Mutex mutex_;
  bool answered_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  Patience patience_ ABSL_GUARDED_BY(mutex_) = Patience::kFinish;
  absl::AnyInvocable<void()> gone_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::gateway

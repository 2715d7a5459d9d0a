#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/gateway/http/http_server.h"
#include "tests/support/raw_http.h"

namespace orch::gateway {

// A handler that does what a test says, by default to answer with the path, the query and the body.
class ScriptedHandler : public RequestHandler {
 public:
  using Script = std::function<void(std::shared_ptr<Exchange>)>;

  void Handle(std::shared_ptr<Exchange> exchange) override {
    Script script;
    {
      absl::MutexLock lock(&mutex_);
      ++requests_;
      script = script_;
    }
    if (script) return script(std::move(exchange));
    std::string text;
    for (const std::string& segment : exchange->request().target.segments) text += "/" + segment;
    for (const auto& [name, value] : exchange->request().target.query)
      text += "?" + name + "=" + value;
    text += " " + exchange->request().body;
    exchange->Answer({.status = 200, .content_type = "text/plain", .headers = {}, .body = text});
  }

  // Bodies are to be read in pieces from now on.
  void WantPieces() {
    absl::MutexLock lock(&mutex_);
    wants_pieces_ = true;
  }
  bool WantsPieces(const HttpRequest& /*head*/) override {
    absl::MutexLock lock(&mutex_);
    return wants_pieces_;
  }

  void Set(Script script) {
    absl::MutexLock lock(&mutex_);
    script_ = std::move(script);
  }

  int requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }

 private:
  absl::Mutex mutex_;
  Script script_ ABSL_GUARDED_BY(mutex_);
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  bool wants_pieces_ ABSL_GUARDED_BY(mutex_) = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpLimits limits = {}) {
    server_ =
        HttpServer::Start({.host = "127.0.0.1", .port = 0, .is_loopback = true}, limits, handler_)
            .value();
  }
  testing::RawHttp Connect() { return testing::RawHttp(server_->port()); }
  // What comes back for `request` on a connection of its own, which must end.
  std::string Roundtrip(const std::string& request) {
    testing::RawHttp client(server_->port());
    client.Send(request);
    client.HalfClose();
    return client.ReadToEnd();
  }

  ScriptedHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace orch::gateway

#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "orchestrator/gateway/http/http_message.h"

namespace orch::gateway {

// The body of an answer that is written piece by piece. One Write at a time: the next may follow
// from `done`. While nothing is written, the session sends the heartbeat that Exchange::Stream was
// given.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  // `done(false)`: the client is gone; write no more. Otherwise the piece is with the kernel:
  // whoever waits for it before producing the next has back-pressure.
  virtual void Write(std::string piece, absl::AnyInvocable<void(bool)> done) = 0;

  // Ends the body. Not during a Write.
  virtual void Finish() = 0;

  // Ends the connection, so that the client can tell that the body is not whole. Not during a
  // Write.
  virtual void Abort() = 0;
};

// The bytes of a connection that is no longer HTTP's. One Read and one Write at a time.
class ByteConnection {
 public:
  virtual ~ByteConnection() = default;

  // Up to 64 KiB as soon as there are any; empty at the end or when the connection broke.
  virtual void Read(absl::AnyInvocable<void(std::string)> done) = 0;

  // `done(false)`: the connection broke.
  virtual void Write(std::string bytes, absl::AnyInvocable<void(bool)> done) = 0;

  // No more will be written; reading goes on.
  virtual void FinishWriting() = 0;

  // Ends reads and writes under way and the connection.
  virtual void Close() = 0;
};

// One request and its answer. Thread-safe. Exactly one of Answer, Stream and TakeOver may be
// called, once; an exchange that is let go without any answers 500.
class Exchange {
 public:
  enum class Patience {
    // Finish what was asked although the client ended its side: it may have half-closed and still
    // wait.
    kFinish,
    // What is asked for is of no use to a client that went away.
    kGiveUp,
  };

  virtual ~Exchange() = default;

  virtual const HttpRequest& request() const = 0;

  // `gone` is called, at most once and from any thread, when the answer is not wanted any more: the
  // server stops, the connection broke, or, with kGiveUp, the client closed its side. At once when
  // that has happened already. Replaces an earlier one.
  virtual void OnGone(Patience patience, absl::AnyInvocable<void()> gone) = 0;

  // The next piece of the body of a request whose handler wanted it in pieces, as soon as there is
  // any; empty at the end. One at a time, before the answer. INVALID_ARGUMENT: it is malformed, too
  // large or too slow; whatever is answered then, the client is told which. CANCELLED: the client
  // is gone.
  virtual void ReadBody(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) = 0;

  virtual void Answer(HttpResponse response) = 0;

  // Sends `head` without its body. `heartbeat` is sent when nothing else was for 15 s; empty for
  // none.
  virtual std::shared_ptr<BodyStream> Stream(HttpResponse head, std::string heartbeat) = 0;

  // The connection, with what came after the request. The session is over.
  virtual std::shared_ptr<ByteConnection> TakeOver() = 0;
};

// What answers requests. Thread-safe.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // Whether the body of the request with this head is to be read in pieces, see
  // Exchange::ReadBody; else it comes whole with the request, and is small.
  virtual bool WantsPieces(const HttpRequest& /*head*/) { return false; }

  // Must not block. Called from the server's threads.
  virtual void Handle(std::shared_ptr<Exchange> exchange) = 0;
};

}  // namespace orch::gateway

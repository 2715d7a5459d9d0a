#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/websocket/frame_reader.h"

namespace orch::gateway {

// Whether a request asks to become a WebSocket.
bool WantsWebSocket(const HttpRequest& request);

// A WebSocket of a client, on a connection that was HTTP's. Pings are answered. Thread-safe; ends
// when nobody holds it: neither its user nor an operation under way.
class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  // Takes over the connection of a request that asks for a WebSocket, and answers the handshake.
  // When it is no good one, answers that, and gives nullptr. Where the client offers the
  // sub-protocol `protocol`, it is chosen.
  static std::shared_ptr<WebSocket> Accept(Exchange& exchange, absl::string_view protocol = "");

  explicit WebSocket(std::shared_ptr<ByteConnection> client);

  // The next text or binary message; one call at a time. CANCELLED: the client closed or is gone,
  // or Close was called. INVALID_ARGUMENT, RESOURCE_EXHAUSTED: it broke the protocol, or sent a
  // message over 1 MiB, and the connection was closed for it.
  void Read(absl::AnyInvocable<void(absl::StatusOr<WebSocketMessage>)> done);

  // `done(true)` when it is with the kernel: whoever waits for that before the next has
  // back-pressure. `done(false)`: the connection is over.
  void Send(Opcode opcode, absl::string_view payload, absl::AnyInvocable<void(bool)> done);

  // Says goodbye and ends the connection after what is being sent. Idempotent.
  void Close(uint16_t code, absl::string_view reason);

 private:
  struct Outgoing {
    std::string bytes;
    absl::AnyInvocable<void(bool)> done;
    bool is_last = false;
  };

  // Takes what has come, and reads on until there is a message for the caller.
  void ReadOn();
  void EndRead(absl::StatusOr<WebSocketMessage> outcome);
  void Push(Outgoing outgoing);
  void WriteNext();

  const std::shared_ptr<ByteConnection> client_;
  // Of the one read under way.
  FrameReader frames_;
  absl::AnyInvocable<void(absl::StatusOr<WebSocketMessage>)> read_done_;

  absl::Mutex mutex_;
  std::deque<Outgoing> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::gateway

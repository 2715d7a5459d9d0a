#pragma once

#include <memory>
#include <string>

#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/websocket/websocket.h"

namespace orch::gateway {

// Joins a WebSocket and a guest's port, as websockify does: what comes from one goes to the other,
// each piece when the one before is written, until one of them ends. Lives as long as either is
// read.
class VncSession : public std::enable_shared_from_this<VncSession> {
 public:
  // With a `client` that is nullptr, `guest` is closed.
  static void Start(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest);

  VncSession(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest);

 private:
  void ReadClient();
  void ReadGuest();
  void End();

  const std::shared_ptr<WebSocket> client_;
  const std::shared_ptr<ByteConnection> guest_;
};

}  // namespace orch::gateway

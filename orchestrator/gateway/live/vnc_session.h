#pragma once

#include <memory>
#include <optional>
#include <string>

#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/live/rfb_viewer.h"
#include "orchestrator/gateway/websocket/websocket.h"

namespace orch::gateway {

// Joins a WebSocket and a guest's port, as websockify does: what comes from one goes to the other,
// each piece when the one before is written, until one of them ends. Lives as long as either is
// read. Where the client may only look, what else it says does not reach the guest.
class VncSession : public std::enable_shared_from_this<VncSession> {
 public:
  // With a `client` that is nullptr, `guest` is closed.
  static void Start(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest,
                    bool look_only);

  VncSession(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest,
             bool look_only);

 private:
  void ReadClient();
  void OnClientBytes(std::string bytes);
  void ReadGuest();
  void End();

  const std::shared_ptr<WebSocket> client_;
  const std::shared_ptr<ByteConnection> guest_;
  // Of the one read of the client under way.
  std::optional<RfbViewer> viewer_;
};

}  // namespace orch::gateway

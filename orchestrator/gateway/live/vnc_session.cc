#include "orchestrator/gateway/live/vnc_session.h"

#include <utility>

namespace orch::gateway {
namespace {

// See RFC 6455 section 7.4.1: the other side is going away.
constexpr uint16_t kGoingAway = 1001;

}  // namespace

void VncSession::Start(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest) {
  if (client == nullptr) return guest->Close();
  const auto session = std::make_shared<VncSession>(std::move(client), std::move(guest));
  session->ReadClient();
  session->ReadGuest();
}

VncSession::VncSession(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest)
    : client_(std::move(client)), guest_(std::move(guest)) {}

void VncSession::ReadClient() {
  client_->Read([self = shared_from_this()](absl::StatusOr<WebSocketMessage> message) {
    if (!message.ok()) return self->End();
    if (message->payload.empty()) return self->ReadClient();
    self->guest_->Write(std::move(message->payload), [self](bool written) {
      if (!written) return self->End();
      self->ReadClient();
    });
  });
}

void VncSession::ReadGuest() {
  guest_->Read([self = shared_from_this()](const std::string& bytes) {
    if (bytes.empty()) return self->End();
    self->client_->Send(Opcode::kBinary, bytes, [self](bool sent) {
      if (!sent) return self->End();
      self->ReadGuest();
    });
  });
}

void VncSession::End() {
  guest_->Close();
  client_->Close(kGoingAway, "");
}

}  // namespace orch::gateway

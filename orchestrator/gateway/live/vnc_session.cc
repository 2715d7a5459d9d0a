#include "orchestrator/gateway/live/vnc_session.h"

#include <utility>

namespace orch::gateway {
namespace {

// See RFC 6455 section 7.4.1: the other side is going away, and what was sent is not allowed.
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kPolicyViolation = 1008;

}  // namespace

void VncSession::Start(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest,
                       bool look_only) {
  if (client == nullptr) return guest->Close();
  const auto session = std::make_shared<VncSession>(std::move(client), std::move(guest), look_only);
  session->ReadClient();
  session->ReadGuest();
}

VncSession::VncSession(std::shared_ptr<WebSocket> client, std::shared_ptr<ByteConnection> guest,
                       bool look_only)
    : client_(std::move(client)), guest_(std::move(guest)) {
  if (look_only) viewer_.emplace();
}

void VncSession::ReadClient() {
  client_->Read([self = shared_from_this()](absl::StatusOr<WebSocketMessage> message) {
    if (!message.ok()) return self->End();
    self->OnClientBytes(std::move(message->payload));
  });
}

void VncSession::OnClientBytes(std::string bytes) {
  if (viewer_.has_value()) {
    absl::StatusOr<std::string> passed = viewer_->Pass(bytes);
    if (!passed.ok()) {
      // Before the guest's end is heard of, for which the client would be told another reason.
      client_->Close(kPolicyViolation, passed.status().message());
      return guest_->Close();
    }
    bytes = *std::move(passed);
  }
  if (bytes.empty()) return ReadClient();
  guest_->Write(std::move(bytes), [self = shared_from_this()](bool written) {
    if (!written) return self->End();
    self->ReadClient();
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

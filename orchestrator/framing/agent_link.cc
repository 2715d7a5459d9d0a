#include "orchestrator/framing/agent_link.h"

#include <utility>

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/framing/socket_pair.h"

namespace orch {

absl::StatusOr<std::unique_ptr<AgentLink>> AgentLink::Create(UniqueFd port,
                                                             OnConnection on_connection,
                                                             absl::Duration hangup_grace) {
  ORCH_ASSIGN_OR_RETURN(Descriptors descriptors, MakeDescriptors(std::move(port)));
  return std::unique_ptr<AgentLink>(
      new AgentLink(std::move(descriptors), std::move(on_connection), hangup_grace));
}

AgentLink::AgentLink(Descriptors descriptors, OnConnection on_connection,
                     absl::Duration hangup_grace)
    : LinkEndpoint(std::move(descriptors)),
      on_connection_(std::move(on_connection)),
      hangup_grace_(absl::ToChronoNanoseconds(hangup_grace)) {}

void AgentLink::OnOpen(uint64_t id) {
  if (id != last_id_) {
    last_id_ = id;
    if (const absl::Status accepted = Accept(id); !accepted.ok()) {
      Log(LogLevel::kError, "serial_connection_failed", {{"status", accepted}});
    }
  }
  Send(connection_id() == id ? FrameType::kAccept : FrameType::kClose, id);
}

absl::Status AgentLink::Accept(uint64_t id) {
  DropConnection();
  ORCH_ASSIGN_OR_RETURN(auto pair, MakeSocketPair());
  ORCH_RETURN_IF_ERROR(BeginConnection(id, std::move(pair.first), true));
  on_connection_(std::move(pair.second));
  return absl::OkStatus();
}

void AgentLink::OnPortHangup() {
  if (!has_connection()) return;
  if (grace_over_) {
    OnPortConnected();
    DropConnection();
  } else if (!grace_running_) {
    grace_running_ = true;
    SetTimer(SteadyClock::now() + hangup_grace_);
  }
}

void AgentLink::OnPortConnected() {
  grace_running_ = false;
  grace_over_ = false;
  SetTimer(absl::nullopt);
}

void AgentLink::OnTimer() {
  grace_over_ = true;
  ProbePort();
}

}  // namespace orch

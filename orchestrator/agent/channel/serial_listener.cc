#include "orchestrator/agent/channel/serial_listener.h"

#include <utility>

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr absl::Duration kHangupGrace = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<SerialListener>> SerialListener::Create(
    UniqueFd port, std::function<void(UniqueFd)> on_connection) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<AgentLink> link,
                        AgentLink::Create(std::move(port), std::move(on_connection), kHangupGrace));
  return std::unique_ptr<SerialListener>(new SerialListener(std::move(link)));
}

SerialListener::SerialListener(std::unique_ptr<AgentLink> link)
    : link_(std::move(link)), thread_([this] { link_->Run(); }) {}

SerialListener::~SerialListener() {
  link_->Stop();
  thread_.join();
}

}  // namespace orch::agent

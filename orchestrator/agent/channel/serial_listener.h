#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/framing/agent_link.h"

namespace orch::agent {

// Accepts the host's connections on a virtio-serial port, one at a time: the next one ends the one
// before. Runs on a thread of its own; the destructor ends the connection, closes the port and
// joins. An agent keeps its listener for as long as it lives, see framing/frame.h.
//
//   ORCH_ASSIGN_OR_RETURN(UniqueFd port, OpenSerialPort(name));
//   ORCH_ASSIGN_OR_RETURN(auto listener, SerialListener::Create(std::move(port), [&](UniqueFd fd) {
//     grpc::AddInsecureChannelFromFd(&server, fd.Release());
//   }));
class SerialListener {
 public:
  // `on_connection` is called on the listener's thread with a non-blocking stream socket for each
  // connection. RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<std::unique_ptr<SerialListener>> Create(
      UniqueFd port, std::function<void(UniqueFd)> on_connection);

  ~SerialListener();
  SerialListener(const SerialListener&) = delete;
  SerialListener& operator=(const SerialListener&) = delete;

 private:
  explicit SerialListener(std::unique_ptr<AgentLink> link);

  std::unique_ptr<AgentLink> link_;
  std::thread thread_;
};

}  // namespace orch::agent

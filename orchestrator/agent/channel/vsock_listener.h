#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// Accepts the host's connections on a vsock port. Connections of anyone but the host, that is of
// programs in this very guest, are closed at once. Runs on a thread of its own; the destructor
// stops accepting and joins.
class VsockListener {
 public:
  // `on_connection` is called on the listener's thread with a non-blocking stream socket for each
  // connection.
  // FAILED_PRECONDITION: this machine has no vsock device. Otherwise the code of the errno that
  // socket(2), bind(2) or listen(2) set, such as ALREADY_EXISTS for a port that is taken.
  static absl::StatusOr<std::unique_ptr<VsockListener>> Create(
      uint32_t port, std::function<void(UniqueFd)> on_connection);

  ~VsockListener();
  VsockListener(const VsockListener&) = delete;
  VsockListener& operator=(const VsockListener&) = delete;

 private:
  VsockListener(UniqueFd socket, UniqueFd wake, std::function<void(UniqueFd)> on_connection);

  void Run();
  void AcceptAll();

  const UniqueFd socket_;
  const UniqueFd wake_;  // an eventfd: readable when it is time to stop
  const std::function<void(UniqueFd)> on_connection_;
  std::thread thread_;
};

}  // namespace orch::agent

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/orchctl/tunnel/tunnel_connection.h"

namespace orch::ctl {

// Listens on a TCP port of 127.0.0.1 and joins each connection to a port in a guest. At most
// kMaxConnections at once: further ones wait in the listener's queue. Two threads per connection.
class Forwarder {
 public:
  static constexpr size_t kMaxConnections = 256;

  // What the tunnels lead to. `stub` outlives the forwarder.
  struct Guest {
    guest::v1::TunnelService::Stub& stub;
    std::string session_id;
    uint16_t port;
  };

  // Called when a connection ended with an error of the guest's side, on the connection's thread.
  using OnError = std::function<void(const absl::Status&)>;

  // Listens on `local_port`; 0 is any that is free. ALREADY_EXISTS: it is taken. PERMISSION_DENIED:
  // it needs a privilege.
  static absl::StatusOr<std::unique_ptr<Forwarder>> Listen(uint16_t local_port, Guest guest,
                                                           OnError on_error);
  // Run must have returned.
  ~Forwarder() = default;
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  uint16_t local_port() const { return local_port_; }

  // Accepts and serves until Stop; then closes every connection and returns. Blocks.
  absl::Status Run();

  // Makes Run return soon. Any thread, any number of times; a signal handler's thread, too.
  void Stop();

 private:
  struct Served {
    std::unique_ptr<TunnelConnection> connection;
    std::thread thread;
    std::atomic<bool> done = false;
  };

  Forwarder(UniqueFd listener, UniqueFd wake, uint16_t local_port, Guest guest, OnError on_error);
  absl::Status AcceptOne();
  void Serve(Served& served);
  // Joins and forgets the connections that have ended, or all.
  void Reap(bool all);

  const UniqueFd listener_;
  // An eventfd: something for Run to look at.
  const UniqueFd wake_;
  const uint16_t local_port_;
  const Guest guest_;
  const OnError on_error_;
  std::atomic<bool> stopping_ = false;
  // Only Run's thread touches the vector.
  std::vector<std::unique_ptr<Served>> served_;
};

}  // namespace orch::ctl

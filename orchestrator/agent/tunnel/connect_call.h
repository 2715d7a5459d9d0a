#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/tunnel.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// One tunnel: a non-blocking socket on the loop, connected to 127.0.0.1 or else to ::1, and a gRPC
// stream. One message is under way in each direction, so that a slow side holds the other one back.
//
// The end of the request stream is passed on as end of file (a half-close). When the guest ends its
// direction, the call ends with OK: gRPC cannot end a response stream and go on reading requests.
//
// Belongs to gRPC until OnDone, then deletes itself on the loop, to which its state is confined.
class ConnectCall final
    : public grpc::ServerBidiReactor<guest::v1::ConnectRequest, guest::v1::ConnectResponse> {
 public:
  // `tunnels` counts the calls that are open, on the loop's thread; it and `loop` outlive the call.
  ConnectCall(EventLoop& loop, size_t max_tunnels, size_t& tunnels);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Take(bool ok);
  absl::Status Open();
  // Begins to connect to the loopback of this address family.
  absl::StatusOr<UniqueFd> BeginConnect(int family) const;
  void Connecting(int family, UniqueFd socket);
  void ConnectFailed(int family, int error);
  void Connected();
  // Watches the socket for what can go on.
  void Watch();
  void Ready(uint32_t events);
  void WriteSocket();
  void ReadSocket();
  void FinishOnce(const absl::Status& status);

  EventLoop& loop_;
  const size_t max_tunnels_;
  size_t& tunnels_;
  bool counted_ = false;
  uint16_t port_ = 0;
  UniqueFd socket_;
  bool connected_ = false;
  bool finished_ = false;
  // How the call ends, once `finished_`.
  absl::Status end_;

  guest::v1::ConnectRequest request_;
  // Of request_.data(), what the socket has taken.
  size_t written_ = 0;
  // request_ has bytes that the socket has not taken.
  bool has_request_ = false;
  bool requests_ended_ = false;

  guest::v1::ConnectResponse response_;
  bool sending_ = false;
};

}  // namespace orch::agent

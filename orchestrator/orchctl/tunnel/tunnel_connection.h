#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/client_context.h"

#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::ctl {

// One local TCP connection joined to one TunnelService.Connect stream. Each direction holds one
// piece of at most 64 KiB and reads on when the other side has taken it. The end of either
// direction is passed on by itself; an abort of either side resets the other.
class TunnelConnection {
 public:
  // `stub` outlives this.
  TunnelConnection(guest::v1::TunnelService::Stub& stub, std::string session_id, uint16_t port,
                   UniqueFd socket);
  TunnelConnection(const TunnelConnection&) = delete;
  TunnelConnection& operator=(const TunnelConnection&) = delete;

  // Blocks until both directions have ended. Not OK: the guest's side failed, and the local one was
  // reset; CANCELLED when it was the local side that aborted, or Cancel was called. Call once.
  absl::Status Run();

  // Ends Run soon. Any thread, also before Run.
  void Cancel();

 private:
  using Stream = grpc::ClientReaderWriter<guest::v1::ConnectRequest, guest::v1::ConnectResponse>;

  // Guest to local, until the guest's end; then the call's status.
  absl::Status PumpDown(Stream& stream);
  // Local to guest, until the local end.
  void PumpUp(Stream& stream);
  void ArrangeReset();

  guest::v1::TunnelService::Stub& stub_;
  const std::string session_id_;
  const uint16_t port_;
  const UniqueFd socket_;
  grpc::ClientContext context_;
};

}  // namespace orch::ctl

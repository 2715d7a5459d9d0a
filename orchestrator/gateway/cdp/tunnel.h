#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/gateway/http/exchange.h"

namespace orch::gateway {

// Connects to a TCP port in a guest, which wakes its browser. `done` has the connection, which is
// thread-safe and ends when it is let go; or TunnelService.Connect's error. `timeout` ends the
// connection, open or not; infinite for none.
void OpenTunnel(guest::v1::TunnelService::Stub& tunnels, const std::string& session_id,
                uint16_t port, absl::Duration timeout,
                absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<ByteConnection>>)> done);

}  // namespace orch::gateway

#pragma once

#include <string>

#include "grpcpp/server_context.h"

#include "guest/v1/tunnel.grpc.pb.h"

namespace orch::testing {

// TunnelService with a guest that listens on a few ports. Thread-safe: it has no state.
class FakeTunnels : public guest::v1::TunnelService::Service {
 public:
  // Sends back what it gets and ends when the client has.
  static constexpr int kEchoPort = 7;
  // Says nothing until the client has ended, then how many bytes it got, then ends.
  static constexpr int kCountPort = 9;
  // Sends "bye" and ends at once.
  static constexpr int kByePort = 13;
  // Sends "oops" and breaks.
  static constexpr int kBreakPort = 14;
  // Answers as Chromium's DevTools do.
  static constexpr int kDevToolsPort = 9222;
  // Nothing listens on any other.

  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<guest::v1::ConnectResponse,
                                                guest::v1::ConnectRequest>* stream) override;
};

}  // namespace orch::testing

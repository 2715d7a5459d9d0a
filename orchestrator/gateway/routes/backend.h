#pragma once

#include <memory>

#include "grpcpp/channel.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/gateway/url_tokens.h"
#include "orchestrator/v1/browsers.grpc.pb.h"
#include "orchestrator/v1/keys.grpc.pb.h"
#include "orchestrator/v1/pools.grpc.pb.h"

namespace orch::gateway {

// What routes work with: the daemon's services, and what URLs are made of. Thread-safe.
struct Backend {
  Backend(const std::shared_ptr<grpc::Channel>& channel, const UrlTokens& url_tokens,
          const Clock& wall_clock)
      : browsers(orchestrator::v1::BrowserService::NewStub(channel)),
        pools(orchestrator::v1::PoolService::NewStub(channel)),
        keys(orchestrator::v1::KeyService::NewStub(channel)),
        processes(guest::v1::ProcessService::NewStub(channel)),
        computer(guest::v1::ComputerService::NewStub(channel)),
        tunnels(guest::v1::TunnelService::NewStub(channel)),
        tokens(url_tokens),
        clock(wall_clock) {}

  const std::unique_ptr<orchestrator::v1::BrowserService::Stub> browsers;
  const std::unique_ptr<orchestrator::v1::PoolService::Stub> pools;
  const std::unique_ptr<orchestrator::v1::KeyService::Stub> keys;
  const std::unique_ptr<guest::v1::ProcessService::Stub> processes;
  const std::unique_ptr<guest::v1::ComputerService::Stub> computer;
  const std::unique_ptr<guest::v1::TunnelService::Stub> tunnels;
  const UrlTokens& tokens;
  const Clock& clock;
};

}  // namespace orch::gateway

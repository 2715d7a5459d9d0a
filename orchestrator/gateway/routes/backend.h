#pragma once

#include <memory>

#include "grpcpp/channel.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/filesystem.grpc.pb.h"
#include "guest/v1/log.grpc.pb.h"
#include "guest/v1/playwright.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/replay.grpc.pb.h"
#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/gateway/url_tokens.h"
#include "orchestrator/gateway/watch/file_watches.h"
#include "orchestrator/v1/browsers.grpc.pb.h"
#include "orchestrator/v1/keys.grpc.pb.h"
#include "orchestrator/v1/pools.grpc.pb.h"

namespace orch::gateway {

// What routes work with: the daemon's services, and what URLs are made of. Thread-safe.
struct Backend {
  // How long a watch waits for somebody who follows it.
  static constexpr absl::Duration kWatchPatience = absl::Minutes(1);

  Backend(const std::shared_ptr<grpc::Channel>& to_daemon, const UrlTokens& url_tokens,
          const Clock& wall_clock)
      : channel(to_daemon),
        browsers(orchestrator::v1::BrowserService::NewStub(channel)),
        pools(orchestrator::v1::PoolService::NewStub(channel)),
        keys(orchestrator::v1::KeyService::NewStub(channel)),
        processes(guest::v1::ProcessService::NewStub(channel)),
        files(guest::v1::FileSystemService::NewStub(channel)),
        computer(guest::v1::ComputerService::NewStub(channel)),
        logs(guest::v1::LogService::NewStub(channel)),
        replays(guest::v1::ReplayService::NewStub(channel)),
        playwright(guest::v1::PlaywrightService::NewStub(channel)),
        tunnels(guest::v1::TunnelService::NewStub(channel)),
        watches(*files, kWatchPatience),
        tokens(url_tokens),
        clock(wall_clock) {}

  // For calls by name.
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<orchestrator::v1::BrowserService::Stub> browsers;
  const std::unique_ptr<orchestrator::v1::PoolService::Stub> pools;
  const std::unique_ptr<orchestrator::v1::KeyService::Stub> keys;
  const std::unique_ptr<guest::v1::ProcessService::Stub> processes;
  const std::unique_ptr<guest::v1::FileSystemService::Stub> files;
  const std::unique_ptr<guest::v1::ComputerService::Stub> computer;
  const std::unique_ptr<guest::v1::LogService::Stub> logs;
  const std::unique_ptr<guest::v1::ReplayService::Stub> replays;
  const std::unique_ptr<guest::v1::PlaywrightService::Stub> playwright;
  const std::unique_ptr<guest::v1::TunnelService::Stub> tunnels;
  // The one thing that outlives its request: this API begins a watch by one call and follows it by
  // another.
  FileWatches watches;
  const UrlTokens& tokens;
  const Clock& clock;
};

}  // namespace orch::gateway

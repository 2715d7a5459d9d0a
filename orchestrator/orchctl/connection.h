#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/channel.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/filesystem.grpc.pb.h"
#include "guest/v1/log.grpc.pb.h"
#include "guest/v1/playwright.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/replay.grpc.pb.h"
#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/v1/browsers.grpc.pb.h"
#include "orchestrator/v1/keys.grpc.pb.h"
#include "orchestrator/v1/node.grpc.pb.h"
#include "orchestrator/v1/pools.grpc.pb.h"
#include "orchestrator/v1/templates.grpc.pb.h"

namespace orch::ctl {

// Where the daemon listens unless told otherwise.
inline constexpr absl::string_view kDefaultTarget = "127.0.0.1:7070";

// The form of `target` that gRPC takes: "HOST:PORT" and "unix:PATH" stay, an absolute path gets
// "unix:" before it. INVALID_ARGUMENT: it is none of these.
absl::StatusOr<std::string> NormalizeTarget(absl::string_view target);

// One channel to a daemon and the stubs on it. Connects at the first call. Thread-safe.
class Connection {
 public:
  // `target` as NormalizeTarget gives it.
  explicit Connection(const std::string& target);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& target() const { return target_; }

  // False when there is no connection now: the daemon was never reached, or it was lost.
  bool connected() const;

  orchestrator::v1::NodeService::Stub& node() { return *node_; }
  orchestrator::v1::BrowserService::Stub& browsers() { return *browsers_; }
  orchestrator::v1::PoolService::Stub& pools() { return *pools_; }
  orchestrator::v1::TemplateService::Stub& templates() { return *templates_; }
  orchestrator::v1::KeyService::Stub& keys() { return *keys_; }
  guest::v1::ProcessService::Stub& processes() { return *processes_; }
  guest::v1::FileSystemService::Stub& files() { return *files_; }
  guest::v1::ComputerService::Stub& computer() { return *computer_; }
  guest::v1::LogService::Stub& logs() { return *logs_; }
  guest::v1::ReplayService::Stub& replays() { return *replays_; }
  guest::v1::PlaywrightService::Stub& playwright() { return *playwright_; }
  guest::v1::TunnelService::Stub& tunnels() { return *tunnels_; }

 private:
  const std::string target_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<orchestrator::v1::NodeService::Stub> node_;
  const std::unique_ptr<orchestrator::v1::BrowserService::Stub> browsers_;
  const std::unique_ptr<orchestrator::v1::PoolService::Stub> pools_;
  const std::unique_ptr<orchestrator::v1::TemplateService::Stub> templates_;
  const std::unique_ptr<orchestrator::v1::KeyService::Stub> keys_;
  const std::unique_ptr<guest::v1::ProcessService::Stub> processes_;
  const std::unique_ptr<guest::v1::FileSystemService::Stub> files_;
  const std::unique_ptr<guest::v1::ComputerService::Stub> computer_;
  const std::unique_ptr<guest::v1::LogService::Stub> logs_;
  const std::unique_ptr<guest::v1::ReplayService::Stub> replays_;
  const std::unique_ptr<guest::v1::PlaywrightService::Stub> playwright_;
  const std::unique_ptr<guest::v1::TunnelService::Stub> tunnels_;
};

}  // namespace orch::ctl

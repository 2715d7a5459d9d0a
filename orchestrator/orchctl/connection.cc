#include "orchestrator/orchctl/connection.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace orch::ctl {
namespace {

// A screenshot of the largest screen, as a PNG of noise, would not fit; every other answer does.
constexpr int kMaxReceiveBytes = 32 << 20;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // A daemon is on this host or beside it, never behind the web proxy that http_proxy names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

absl::StatusOr<std::string> NormalizeTarget(absl::string_view target) {
  if (absl::StartsWith(target, "/")) return absl::StrCat("unix:", target);
  if (absl::StartsWith(target, "unix:") && target.size() > 5) return std::string(target);
  const size_t colon = target.rfind(':');
  int port = 0;
  if (colon != absl::string_view::npos && colon > 0 &&
      absl::SimpleAtoi(target.substr(colon + 1), &port) && port >= 1 && port <= 65535) {
    return std::string(target);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("target \"", target, "\" is neither HOST:PORT nor unix:PATH"));
}

Connection::Connection(const std::string& target)
    : target_(target),
      channel_(MakeChannel(target)),
      node_(orchestrator::v1::NodeService::NewStub(channel_)),
      browsers_(orchestrator::v1::BrowserService::NewStub(channel_)),
      pools_(orchestrator::v1::PoolService::NewStub(channel_)),
      templates_(orchestrator::v1::TemplateService::NewStub(channel_)),
      keys_(orchestrator::v1::KeyService::NewStub(channel_)),
      processes_(guest::v1::ProcessService::NewStub(channel_)),
      files_(guest::v1::FileSystemService::NewStub(channel_)),
      computer_(guest::v1::ComputerService::NewStub(channel_)),
      logs_(guest::v1::LogService::NewStub(channel_)),
      replays_(guest::v1::ReplayService::NewStub(channel_)),
      playwright_(guest::v1::PlaywrightService::NewStub(channel_)),
      tunnels_(guest::v1::TunnelService::NewStub(channel_)) {}

bool Connection::connected() const { return channel_->GetState(false) == GRPC_CHANNEL_READY; }

}  // namespace orch::ctl

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

#include "nlohmann/json.hpp"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/gateway.h"
#include "orchestrator/v1/keys.grpc.pb.h"
#include "tests/bench/devtools_client.h"
#include "tests/bench/figures.h"
#include "tests/bench/process_cost.h"

namespace orch::bench {
namespace {

using ::nlohmann::json;

constexpr uint16_t kDevToolsPort = 9222;
constexpr int kWarmUp = 20;
constexpr int kIdleConnections = 200;
constexpr int kClients = 4;
constexpr int kRequestsPerSecond = 1000;
constexpr double kMaxOverheadMs = 1.0;
constexpr double kMaxSlower = 1.3;
// Over a run of requests, of what a process of some hundred MiB has.
constexpr double kFlatMib = 4;

// A client of the HTTP API, on one connection. Not thread-safe; calls block.
class RestClient {
 public:
  static absl::StatusOr<RestClient> Open(int port, const std::string& key) {
    ORCH_ASSIGN_OR_RETURN(std::unique_ptr<BytePipe> pipe, ConnectTo(port));
    return RestClient(std::move(pipe), key);
  }

  // The body. UNAVAILABLE: it was not answered with 200.
  absl::StatusOr<std::string> Get(const std::string& path) {
    ORCH_RETURN_IF_ERROR(pipe_->Write(absl::StrCat(
        "GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ", key_, "\r\n\r\n")));
    ORCH_ASSIGN_OR_RETURN(HttpReply reply, ReadReply(*pipe_, rest_));
    if (absl::StartsWith(reply.head, "HTTP/1.1 200")) return std::move(reply.body);
    return absl::UnavailableError(absl::StrCat(reply.head, reply.body));
  }

 private:
  RestClient(std::unique_ptr<BytePipe> pipe, std::string key)
      : pipe_(std::move(pipe)), key_(std::move(key)) {}

  std::unique_ptr<BytePipe> pipe_;
  std::string key_;
  std::string rest_;
};

// One browser with a gateway before it.
struct Subject {
  Daemon& daemon;
  std::shared_ptr<grpc::Channel> channel;
  gateway::Gateway& gateway;
  std::string key;
  std::string id;
};

absl::StatusOr<std::string> MakeKey(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = orchestrator::v1::KeyService::NewStub(channel);
  grpc::ClientContext context;
  orchestrator::v1::CreateKeyRequest request;
  request.set_name("bench");
  orchestrator::v1::CreateKeyResponse response;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stub->CreateKey(&context, request, &response)));
  return response.secret();
}

absl::Status Ask(Daemon& daemon, const std::string& id) {
  grpc::ClientContext context;
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(id);
  orchestrator::v1::Browser browser;
  return FromGrpcStatus(daemon.browsers().GetBrowser(&context, request, &browser));
}

absl::StatusOr<Row> MeasureOverhead(BenchWorld& world, Subject& subject) {
  ORCH_ASSIGN_OR_RETURN(RestClient client, RestClient::Open(subject.gateway.port(), subject.key));
  const std::string path = absl::StrCat("/browsers/", subject.id);
  Samples rest;
  Samples grpc;
  // One turn each, so that a change of the machine's speed meets both.
  for (int i = -kWarmUp; i < world.Rounds(2000, 200); ++i) {
    Samples warm_up;
    ORCH_RETURN_IF_ERROR(
        (i < 0 ? warm_up : grpc).Time([&] { return Ask(subject.daemon, subject.id); }));
    ORCH_RETURN_IF_ERROR((i < 0 ? warm_up : rest).Time([&] { return client.Get(path).status(); }));
  }
  return WithTarget(ShareOf(RowOf("GET /browsers/{id}", rest), "GetBrowser over gRPC", grpc.p50()),
                    absl::StrFormat("%.0f ms more at most", kMaxOverheadMs),
                    rest.p50() - grpc.p50() <= kMaxOverheadMs);
}

// The path and the query of the browser's DevTools on the gateway.
absl::StatusOr<std::string> TargetOnGateway(Subject& subject) {
  ORCH_ASSIGN_OR_RETURN(RestClient client, RestClient::Open(subject.gateway.port(), subject.key));
  ORCH_ASSIGN_OR_RETURN(const std::string body, client.Get(absl::StrCat("/browsers/", subject.id)));
  const std::string url = json::parse(body, nullptr, false).value("cdp_ws_url", "");
  const size_t path = url.find("/browsers/");
  if (path == std::string::npos) return absl::UnavailableError("no cdp_ws_url");
  return url.substr(path);
}

absl::StatusOr<DevToolsClient> OpenThroughGateway(Subject& subject, const std::string& target) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<BytePipe> pipe, ConnectTo(subject.gateway.port()));
  return DevToolsClient::Open(std::move(pipe), target);
}

absl::StatusOr<DevToolsClient> OpenDirectly(Subject& subject) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<BytePipe> first,
                        ConnectThroughTunnel(subject.channel, subject.id, kDevToolsPort));
  ORCH_RETURN_IF_ERROR(first->Write("GET /json/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  std::string rest;
  ORCH_ASSIGN_OR_RETURN(const HttpReply version, ReadReply(*first, rest));
  const std::string url =
      json::parse(version.body, nullptr, false).value("webSocketDebuggerUrl", "");
  const size_t path = url.find("/devtools/");
  if (path == std::string::npos) return absl::UnavailableError("DevTools names no WebSocket");
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<BytePipe> second,
                        ConnectThroughTunnel(subject.channel, subject.id, kDevToolsPort));
  return DevToolsClient::Open(std::move(second), url.substr(path));
}

absl::StatusOr<Row> MeasureDevTools(BenchWorld& world, Subject& subject,
                                    const std::string& target) {
  ORCH_ASSIGN_OR_RETURN(DevToolsClient through, OpenThroughGateway(subject, target));
  ORCH_ASSIGN_OR_RETURN(DevToolsClient direct, OpenDirectly(subject));
  Samples through_ms;
  Samples direct_ms;
  for (int i = -kWarmUp; i < world.Rounds(1000, 200); ++i) {
    Samples warm_up;
    ORCH_RETURN_IF_ERROR((i < 0 ? warm_up : direct_ms).Time([&] { return direct.Ask(); }));
    ORCH_RETURN_IF_ERROR((i < 0 ? warm_up : through_ms).Time([&] { return through.Ask(); }));
  }
  return WithTarget(ShareOf(RowOf("a DevTools call through the gateway", through_ms),
                            "the same through a tunnel", direct_ms.p50()),
                    absl::StrFormat("%.1fx at most", kMaxSlower),
                    through_ms.p50() <= kMaxSlower * direct_ms.p50());
}

absl::StatusOr<Row> MeasureIdleConnections(Subject& subject, const std::string& target) {
  ORCH_ASSIGN_OR_RETURN(const double before, PssMibOf({::getpid()}));
  std::vector<DevToolsClient> idle;
  for (int i = 0; i < kIdleConnections; ++i) {
    ORCH_ASSIGN_OR_RETURN(DevToolsClient client, OpenThroughGateway(subject, target));
    idle.push_back(std::move(client));
  }
  ORCH_ASSIGN_OR_RETURN(const double after, PssMibOf({::getpid()}));
  return SingleRow(absl::StrCat(kIdleConnections, " idle DevTools connections, all of them"),
                   after - before, "MiB");
}

// Asks for `path` at its share of kRequestsPerSecond until `end`, and counts.
absl::Status AskSteadily(RestClient& client, const std::string& path, absl::Time end,
                         std::atomic<int>& answered) {
  const absl::Duration pace = absl::Seconds(kClients) / kRequestsPerSecond;
  for (absl::Time next = absl::Now(); next < end; next += pace) {
    absl::SleepFor(next - absl::Now());
    ORCH_RETURN_IF_ERROR(client.Get(path).status());
    ++answered;
  }
  return absl::OkStatus();
}

// How many requests a second were answered for `duration`.
absl::StatusOr<double> LoadFor(Subject& subject, absl::Duration duration) {
  std::vector<RestClient> clients;
  for (int i = 0; i < kClients; ++i) {
    ORCH_ASSIGN_OR_RETURN(RestClient client, RestClient::Open(subject.gateway.port(), subject.key));
    clients.push_back(std::move(client));
  }
  const std::string path = absl::StrCat("/browsers/", subject.id);
  const absl::Time began = absl::Now();
  std::atomic<int> answered = 0;
  std::vector<absl::Status> outcomes(kClients);
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back(
        [&, i] { outcomes[i] = AskSteadily(clients[i], path, began + duration, answered); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& outcome : outcomes) ORCH_RETURN_IF_ERROR(outcome);
  return answered / absl::ToDoubleSeconds(absl::Now() - began);
}

absl::StatusOr<std::vector<Row>> MeasureLoad(BenchWorld& world, Subject& subject) {
  ORCH_RETURN_IF_ERROR(LoadFor(subject, absl::Seconds(2)).status());
  ORCH_ASSIGN_OR_RETURN(const double before, PssMibOf({::getpid()}));
  ORCH_ASSIGN_OR_RETURN(const double rate, LoadFor(subject, absl::Seconds(world.Rounds(60, 10))));
  ORCH_ASSIGN_OR_RETURN(const double after, PssMibOf({::getpid()}));
  const double grown = std::max(0.0, after - before);
  return std::vector<Row>{
      // The last pace of each client may be cut off.
      WithTarget(SingleRow("GET /browsers/{id}, asked for 1,000 times a second", rate, "1/s"),
                 "1,000", rate >= 0.99 * kRequestsPerSecond),
      WithTarget(SingleRow("what memory grows by meanwhile", grown, "MiB"),
                 absl::StrFormat("%.0f MiB at most", kFlatMib), grown <= kFlatMib)};
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureGateway(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::Browser browser, daemon->Create(kBrowserImage));
  const absl::Cleanup remove = [&] { daemon->Delete(browser.session_id()).IgnoreError(); };
  const SystemClock clock;
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<gateway::Gateway> gateway,
                        gateway::Gateway::Start({.listen = "127.0.0.1:0",
                                                 .tls = {},
                                                 .url_secret = std::string(32, 'b'),
                                                 .novnc_dir = "",
                                                 .limits = {}},
                                                daemon->InProcessChannel(), clock));
  const absl::Cleanup stop = [&] { gateway->Shutdown(absl::Now()); };
  const auto channel = grpc::CreateChannel(absl::StrCat("unix:", daemon->dir().File("sock")),
                                           grpc::InsecureChannelCredentials());
  ORCH_ASSIGN_OR_RETURN(const std::string key, MakeKey(channel));
  Subject subject{.daemon = *daemon,
                  .channel = channel,
                  .gateway = *gateway,
                  .key = key,
                  .id = browser.session_id()};
  ORCH_ASSIGN_OR_RETURN(const std::string target, TargetOnGateway(subject));
  std::vector<Row> rows;
  ORCH_ASSIGN_OR_RETURN(rows.emplace_back(), MeasureOverhead(world, subject));
  ORCH_ASSIGN_OR_RETURN(rows.emplace_back(), MeasureDevTools(world, subject, target));
  ORCH_ASSIGN_OR_RETURN(std::vector<Row> load, MeasureLoad(world, subject));
  rows.insert(rows.end(), load.begin(), load.end());
  ORCH_ASSIGN_OR_RETURN(rows.emplace_back(), MeasureIdleConnections(subject, target));
  return rows;
}

}  // namespace orch::bench

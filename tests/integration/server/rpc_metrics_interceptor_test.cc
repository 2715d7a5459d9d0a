#include "orchestrator/server/rpc_metrics_interceptor.h"

#include <memory>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "gtest/gtest.h"

#include "orchestrator/v1/browsers.grpc.pb.h"
#include "tests/integration/proxy/guest_proxy_harness.h"
#include "tests/support/fake_clock.h"
#include "tests/support/metrics_scrape.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;
using ::orch::testing::GuestProxyHarness;
using ::orch::testing::MetricsScrape;
using ::orch::testing::TempDir;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Optional;

class RpcMetricsTest : public ::testing::Test {
 protected:
  GuestProxyHarness::Interceptors Interceptors() {
    GuestProxyHarness::Interceptors interceptors;
    interceptors.push_back(std::make_unique<RpcMetricsInterceptorFactory>(metrics_, clock_));
    return interceptors;
  }

  MetricsScrape Scrape() const { return MetricsScrape::Parse(metrics_.Text()).value(); }

  std::optional<double> Count(const std::string& method, const std::string& code) const {
    return Scrape().Value("orchestrator_rpc_duration_seconds_count",
                          {{"method", method}, {"code", code}});
  }
  std::optional<double> InProgress(const std::string& method) const {
    return Scrape().Value("orchestrator_rpcs_in_progress", {{"method", method}});
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  Metrics metrics_{{.rpc_methods = ServedMethods()}, clock_};
};

// A unary call with an empty message.
grpc::Status CallByName(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
  grpc::ClientContext context;
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const grpc::Slice nothing;
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&nothing, 1), &queue);
  grpc::ByteBuffer response;
  grpc::Status status;
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  return status;
}

constexpr char kExec[] = "guest.v1.ProcessService/Exec";
constexpr char kStreamOutput[] = "guest.v1.ProcessService/StreamOutput";
constexpr char kConnect[] = "guest.v1.TunnelService/Connect";

// Calls that GuestProxy, a generic service, forwards.
class ForwardedRpcMetricsTest : public RpcMetricsTest {
 protected:
  grpc::Status Exec(const std::string& session_id) {
    grpc::ClientContext context;
    guest::v1::ExecRequest request;
    request.set_session_id(session_id);
    guest::v1::ExecResponse response;
    return harness_.process_stub->Exec(&context, request, &response);
  }

  GuestProxyHarness harness_{GuestProxy::Options(), Interceptors()};
};

TEST_F(ForwardedRpcMetricsTest, RecordsAUnaryCallUnderTheGuestsMethod) {
  harness_.processes.exec = [this](auto*, auto*, auto*) {
    clock_.Advance(absl::Seconds(2));
    clock_.Step(absl::Hours(-1));
    return grpc::Status::OK;
  };
  ASSERT_TRUE(Exec(harness_.id.value()).ok());
  EXPECT_THAT(Count(kExec, "OK"), Optional(1.0));
  EXPECT_THAT(
      Scrape().Value("orchestrator_rpc_duration_seconds_sum", {{"method", kExec}, {"code", "OK"}}),
      Optional(2.0));
  EXPECT_THAT(InProgress(kExec), Optional(0.0));
}

TEST_F(ForwardedRpcMetricsTest, RecordsTheGuestsStatus) {
  harness_.processes.exec = [](auto*, auto*, auto*) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many");
  };
  ASSERT_FALSE(Exec(harness_.id.value()).ok());
  EXPECT_THAT(Count(kExec, "RESOURCE_EXHAUSTED"), Optional(1.0));
}

TEST_F(ForwardedRpcMetricsTest, RecordsTheProxysOwnStatus) {
  ASSERT_FALSE(Exec(SessionId::Generate().value()).ok());
  ASSERT_FALSE(Exec("not an id").ok());
  EXPECT_THAT(Count(kExec, "NOT_FOUND"), Optional(1.0));
  EXPECT_THAT(Count(kExec, "INVALID_ARGUMENT"), Optional(1.0));
}

TEST_F(ForwardedRpcMetricsTest, RecordsAServerStream) {
  harness_.processes.stream_output = [](auto*, auto*, auto* writer) {
    for (int i = 0; i < 3; ++i) writer->Write(guest::v1::StreamOutputResponse());
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  guest::v1::StreamOutputRequest request;
  request.set_session_id(harness_.id.value());
  const auto reader = harness_.process_stub->StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  while (reader->Read(&response)) {
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_THAT(Count(kStreamOutput, "OK"), Optional(1.0));
}

TEST_F(ForwardedRpcMetricsTest, CountsAnOpenStreamAsInProgressUntilItIsCancelled) {
  harness_.tunnels.connect = [](auto*, auto* stream) {
    guest::v1::ConnectRequest request;
    guest::v1::ConnectResponse response;
    while (stream->Read(&request)) stream->Write(response);
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  const auto stream = harness_.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  request.set_session_id(harness_.id.value());
  ASSERT_TRUE(stream->Write(request));
  guest::v1::ConnectResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(InProgress(kConnect), Optional(1.0));
  EXPECT_THAT(Count(kConnect, "OK"), Eq(std::nullopt));
  context.TryCancel();
  ASSERT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Waits until the server's side has ended, too.
  harness_.StopProxy();
  EXPECT_THAT(InProgress(kConnect), Optional(0.0));
  EXPECT_THAT(Count(kConnect, "CANCELLED"), Optional(1.0));
}

TEST_F(ForwardedRpcMetricsTest, CountsMethodsThatDoNotExistTogether) {
  for (const char* method :
       {"/guest.v1.ProcessService/Exce", "/guest.v1.LifecycleService/GetStatus", "/a/b"}) {
    EXPECT_EQ(CallByName(harness_.channel, method).error_code(), grpc::StatusCode::UNIMPLEMENTED);
  }
  EXPECT_THAT(Count("(other)", "UNIMPLEMENTED"), Optional(3.0));
}

// A watch that ends when it is cancelled.
class OpenWatch : public grpc::ServerWriteReactor<orchestrator::v1::WatchBrowsersResponse> {
 public:
  OpenWatch() { StartWrite(&response_); }
  void OnCancel() override {
    Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller cancelled the call"));
  }
  void OnDone() override { delete this; }

 private:
  orchestrator::v1::WatchBrowsersResponse response_;
};

class ScriptedBrowserService : public orchestrator::v1::BrowserService::CallbackService {
  grpc::ServerUnaryReactor* GetBrowser(grpc::CallbackServerContext* context,
                                       const orchestrator::v1::GetBrowserRequest* request,
                                       orchestrator::v1::Browser*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(request->session_id().empty()
                        ? grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "session_id is required")
                        : grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<orchestrator::v1::WatchBrowsersResponse>* WatchBrowsers(
      grpc::CallbackServerContext*, const orchestrator::v1::WatchBrowsersRequest*) override {
    return new OpenWatch();
  }
};

// Calls of services that the server has itself, in the callback API as the daemon's are.
class ServedRpcMetricsTest : public RpcMetricsTest {
 protected:
  ServedRpcMetricsTest() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    builder.AddListeningPort("unix:" + dir_.File("sock"), grpc::InsecureServerCredentials());
    builder.experimental().SetInterceptorCreators(Interceptors());
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("unix:" + dir_.File("sock"), grpc::InsecureChannelCredentials());
    stub_ = orchestrator::v1::BrowserService::NewStub(channel_);
  }
  ~ServedRpcMetricsTest() override {
    grpc::EnableDefaultHealthCheckService(false);
    Stop();
  }

  void Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

  TempDir dir_;
  ScriptedBrowserService service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<orchestrator::v1::BrowserService::Stub> stub_;
};

TEST_F(ServedRpcMetricsTest, RecordsUnaryCallsByCode) {
  for (const char* id : {"a", "b", ""}) {
    grpc::ClientContext context;
    orchestrator::v1::GetBrowserRequest request;
    request.set_session_id(id);
    orchestrator::v1::Browser browser;
    stub_->GetBrowser(&context, request, &browser);
  }
  EXPECT_THAT(Count("orchestrator.v1.BrowserService/GetBrowser", "OK"), Optional(2.0));
  EXPECT_THAT(Count("orchestrator.v1.BrowserService/GetBrowser", "INVALID_ARGUMENT"),
              Optional(1.0));
}

TEST_F(ServedRpcMetricsTest, RecordsAStreamWhenItEnds) {
  const std::string method = "orchestrator.v1.BrowserService/WatchBrowsers";
  grpc::ClientContext context;
  const auto reader = stub_->WatchBrowsers(&context, orchestrator::v1::WatchBrowsersRequest());
  orchestrator::v1::WatchBrowsersResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_THAT(InProgress(method), Optional(1.0));
  context.TryCancel();
  reader->Finish();
  Stop();
  EXPECT_THAT(InProgress(method), Optional(0.0));
  EXPECT_THAT(Count(method, "CANCELLED"), Optional(1.0));
}

TEST_F(ServedRpcMetricsTest, RecordsAMethodThatIsNotImplemented) {
  grpc::ClientContext context;
  orchestrator::v1::Browser browser;
  stub_->CreateBrowser(&context, orchestrator::v1::CreateBrowserRequest(), &browser);
  EXPECT_THAT(Count("orchestrator.v1.BrowserService/CreateBrowser", "UNIMPLEMENTED"),
              Optional(1.0));
}

TEST_F(ServedRpcMetricsTest, RecordsHealthChecks) {
  ASSERT_TRUE(CallByName(channel_, "/grpc.health.v1.Health/Check").ok());
  EXPECT_THAT(Count("grpc.health.v1.Health/Check", "OK"), Optional(1.0));
}

TEST(ServedMethodsTest, HasThoseOfAllPublicServices) {
  EXPECT_THAT(ServedMethods(),
              IsSupersetOf({"/orchestrator.v1.BrowserService/CreateBrowser",
                            "/orchestrator.v1.NodeService/GetNode",
                            "/orchestrator.v1.PoolService/AcquireBrowser",
                            "/orchestrator.v1.TemplateService/BuildTemplate",
                            "/guest.v1.ProcessService/Exec", "/grpc.health.v1.Health/Check"}));
  EXPECT_THAT(ServedMethods(), Not(Contains("/guest.v1.LifecycleService/GetStatus")));
}

}  // namespace
}  // namespace orch

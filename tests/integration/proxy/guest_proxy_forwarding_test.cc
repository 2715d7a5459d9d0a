// Calls that go well: every kind of call, and what travels beside its messages.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/proxy/guest_proxy_harness.h"

namespace orch {
namespace {

using orch::testing::GuestProxyHarness;
using orch::testing::ScriptedTunnelService;

grpc::Status EchoCommand(grpc::ServerContext*, const guest::v1::ExecRequest* request,
                         guest::v1::ExecResponse* response) {
  response->set_stdout(request->spec().command());
  return grpc::Status::OK;
}

TEST(GuestProxyTest, ForwardsUnaryCall) {
  GuestProxyHarness harness;
  harness.processes.exec = EchoCommand;
  guest::v1::ExecRequest request;
  request.set_session_id(harness.id.value());
  request.mutable_spec()->set_command("ls");
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  const grpc::Status status = harness.process_stub->Exec(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.stdout(), "ls");
  EXPECT_EQ(harness.access().leased(), 1);
  EXPECT_EQ(harness.access().released(), 1);
  EXPECT_EQ(harness.access().broken(), 0);
}

TEST(GuestProxyTest, ForwardsServerStreamInOrder) {
  GuestProxyHarness harness;
  harness.processes.stream_output =
      [](grpc::ServerContext*, const guest::v1::StreamOutputRequest* request,
         grpc::ServerWriter<guest::v1::StreamOutputResponse>* writer) {
        EXPECT_EQ(request->process_id(), "p1");
        for (uint64_t i = 1; i <= 1000; ++i) {
          guest::v1::StreamOutputResponse response;
          response.mutable_output()->set_sequence(i);
          writer->Write(response);
        }
        return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such process");
      };
  guest::v1::StreamOutputRequest request;
  request.set_session_id(harness.id.value());
  request.set_process_id("p1");
  grpc::ClientContext context;
  auto reader = harness.process_stub->StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  uint64_t expected = 0;
  while (reader->Read(&response)) EXPECT_EQ(response.output().sequence(), ++expected);
  EXPECT_EQ(expected, 1000u);
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such process");
}

TEST(GuestProxyTest, ForwardsClientStreamAndItsEnd) {
  GuestProxyHarness harness;
  harness.processes.write_stdin = [](grpc::ServerContext*,
                                     grpc::ServerReader<guest::v1::WriteStdinRequest>* reader,
                                     guest::v1::WriteStdinResponse* response) {
    guest::v1::WriteStdinRequest request;
    uint64_t written = 0;
    while (reader->Read(&request)) written += request.data().size();
    response->set_written_bytes(written);
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  guest::v1::WriteStdinResponse response;
  auto writer = harness.process_stub->WriteStdin(&context, &response);
  guest::v1::WriteStdinRequest request;
  request.set_session_id(harness.id.value());
  request.set_data(std::string(1000, 'x'));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(writer->Write(request));
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.written_bytes(), 1000u * 1000);
}

TEST(GuestProxyTest, ForwardsBidiStreamAndHalfClose) {
  GuestProxyHarness harness;
  harness.tunnels.connect = [](grpc::ServerContext*, ScriptedTunnelService::Stream* stream) {
    guest::v1::ConnectRequest request;
    guest::v1::ConnectResponse response;
    while (stream->Read(&request)) {
      response.set_data(request.data());
      stream->Write(response);
    }
    // After the caller's half-close the guest still sends.
    response.set_data("bye");
    stream->Write(response);
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  guest::v1::ConnectResponse response;
  request.set_session_id(harness.id.value());
  for (int i = 0; i < 100; ++i) {
    request.set_data(std::to_string(i));
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.data(), request.data());
    request.clear_session_id();
  }
  stream->WritesDone();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.data(), "bye");
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(GuestProxyTest, ForwardsHeadersBeforeFirstMessage) {
  GuestProxyHarness harness;
  absl::Notification headers_seen;
  harness.tunnels.connect = [&](grpc::ServerContext*, ScriptedTunnelService::Stream* stream) {
    stream->SendInitialMetadata();
    headers_seen.WaitForNotification();
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  request.set_session_id(harness.id.value());
  stream->Write(request);
  stream->WaitForInitialMetadata();
  headers_seen.Notify();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(GuestProxyTest, CarriesDeadlineToGuestAndLease) {
  GuestProxyHarness harness;
  std::chrono::system_clock::time_point seen;
  harness.processes.exec = [&](grpc::ServerContext* context, const guest::v1::ExecRequest*,
                               guest::v1::ExecResponse*) {
    seen = context->deadline();
    return grpc::Status::OK;
  };
  guest::v1::ExecRequest request;
  request.set_session_id(harness.id.value());
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  const auto deadline = std::chrono::system_clock::now() + std::chrono::hours(1);
  context.set_deadline(deadline);
  ASSERT_TRUE(harness.process_stub->Exec(&context, request, &response).ok());
  // gRPC rounds a timeout of an hour up to whole seconds on each hop.
  EXPECT_LT(std::chrono::abs(seen - deadline), std::chrono::minutes(1));
  EXPECT_LT(absl::AbsDuration(harness.access().last_deadline() - absl::FromChrono(deadline)),
            absl::Minutes(1));
}

TEST(GuestProxyTest, GivesNoDeadlineWhereCallerHasNone) {
  GuestProxyHarness harness;
  std::chrono::system_clock::time_point seen;
  harness.processes.exec = [&](grpc::ServerContext* context, const guest::v1::ExecRequest*,
                               guest::v1::ExecResponse*) {
    seen = context->deadline();
    return grpc::Status::OK;
  };
  guest::v1::ExecRequest request;
  request.set_session_id(harness.id.value());
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(harness.process_stub->Exec(&context, request, &response).ok());
  EXPECT_EQ(seen, std::chrono::system_clock::time_point::max());
  EXPECT_EQ(harness.access().last_deadline(), absl::InfiniteFuture());
}

TEST(GuestProxyTest, KeepsCallersMetadataFromGuest) {
  GuestProxyHarness harness;
  bool token_seen = true;
  harness.processes.exec = [&](grpc::ServerContext* context, const guest::v1::ExecRequest*,
                               guest::v1::ExecResponse*) {
    token_seen = context->client_metadata().count("authorization") > 0;
    return grpc::Status::OK;
  };
  guest::v1::ExecRequest request;
  request.set_session_id(harness.id.value());
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  context.AddMetadata("authorization", "secret");
  ASSERT_TRUE(harness.process_stub->Exec(&context, request, &response).ok());
  EXPECT_FALSE(token_seen);
}

TEST(GuestProxyTest, ForwardsManyCallsAtOnce) {
  constexpr int kCalls = 200;
  GuestProxyHarness harness;
  absl::Mutex mutex;
  int arrived = 0;
  // No call ends before all have arrived.
  harness.processes.exec = [&](grpc::ServerContext*, const guest::v1::ExecRequest* request,
                               guest::v1::ExecResponse* response) {
    response->set_stdout(request->spec().command());
    absl::MutexLock lock(&mutex);
    ++arrived;
    const auto all = [&] { return arrived == kCalls; };
    mutex.Await(absl::Condition(&all));
    return grpc::Status::OK;
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back([&harness, i] {
      guest::v1::ExecRequest request;
      request.set_session_id(harness.id.value());
      request.mutable_spec()->set_command(std::to_string(i));
      guest::v1::ExecResponse response;
      grpc::ClientContext context;
      const grpc::Status status = harness.process_stub->Exec(&context, request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(response.stdout(), std::to_string(i));
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(harness.access().leased(), kCalls);
  EXPECT_EQ(harness.access().released(), kCalls);
}

}  // namespace
}  // namespace orch

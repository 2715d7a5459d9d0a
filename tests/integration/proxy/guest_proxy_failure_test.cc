// Calls that go wrong: refused, malformed, cancelled, broken, and guests that misbehave.
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"

#include "tests/integration/proxy/guest_proxy_harness.h"

namespace orch {
namespace {

using orch::testing::GuestProxyHarness;
using orch::testing::ScriptedTunnelService;
using ::testing::HasSubstr;

// Calls `method` with one message of these bytes.
grpc::Status CallWithBytes(GuestProxyHarness& harness, const std::string& method,
                           const std::string& bytes) {
  grpc::GenericStub stub(harness.channel);
  grpc::ClientContext context;
  grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status result;
  absl::Notification done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) {
                   result = std::move(status);
                   done.Notify();
                 });
  done.WaitForNotification();
  return result;
}

guest::v1::ExecRequest RequestFor(const std::string& session_id) {
  guest::v1::ExecRequest request;
  request.set_session_id(session_id);
  return request;
}

grpc::Status Exec(GuestProxyHarness& harness, const std::string& session_id) {
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  return harness.process_stub->Exec(&context, RequestFor(session_id), &response);
}

TEST(GuestProxyFailureTest, RefusesUnknownMethod) {
  GuestProxyHarness harness;
  const std::string bytes = RequestFor(harness.id.value()).SerializeAsString();
  const grpc::Status status = CallWithBytes(harness, "/guest.v1.ProcessService/Reboot", bytes);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("/guest.v1.ProcessService/Reboot"));
  EXPECT_EQ(harness.access().leased(), 0);
}

TEST(GuestProxyFailureTest, RefusesLifecycleService) {
  GuestProxyHarness harness;
  const std::string bytes = RequestFor(harness.id.value()).SerializeAsString();
  EXPECT_EQ(CallWithBytes(harness, "/guest.v1.LifecycleService/GetStatus", bytes).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(harness.access().leased(), 0);
}

TEST(GuestProxyFailureTest, RefusesMissingAndMalformedSessionId) {
  GuestProxyHarness harness;
  const grpc::Status missing = Exec(harness, "");
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(missing.error_message(), "session_id is required");
  EXPECT_EQ(Exec(harness, "../../etc/passwd").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(
      CallWithBytes(harness, "/guest.v1.ProcessService/Exec", "\xff\xff garbage").error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(harness.access().leased(), 0);
}

TEST(GuestProxyFailureTest, RefusesStreamWithoutMessage) {
  GuestProxyHarness harness;
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  stream->WritesDone();
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("session_id is required"));
}

TEST(GuestProxyFailureTest, PassesOnWhyThereIsNoLease) {
  GuestProxyHarness harness;
  const grpc::Status status = Exec(harness, SessionId::Generate().value());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("no browser has session_id"));
}

TEST(GuestProxyFailureTest, ReleasesSilentCallerWhenItCancels) {
  GuestProxyHarness harness;
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Returns when no call is left.
  harness.StopProxy();
}

TEST(GuestProxyFailureTest, ReleasesSilentCallerAtItsDeadline) {
  GuestProxyHarness harness;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  auto stream = harness.tunnel_stub->Connect(&context);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  harness.StopProxy();
}

TEST(GuestProxyFailureTest, DropsLeaseThatArrivesAfterCancel) {
  GuestProxyHarness harness;
  harness.access().HoldLeases();
  grpc::ClientContext context;
  std::thread caller([&] {
    guest::v1::ExecResponse response;
    EXPECT_EQ(harness.process_stub->Exec(&context, RequestFor(harness.id.value()), &response)
                  .error_code(),
              grpc::StatusCode::CANCELLED);
  });
  harness.access().AwaitPending(1);
  context.TryCancel();
  caller.join();
  // The server is done with the call although its lease is still pending.
  harness.StopProxy();
  harness.access().AnswerPending();
  EXPECT_EQ(harness.access().leased(), 1);
  EXPECT_EQ(harness.access().released(), 1);
}

TEST(GuestProxyFailureTest, EndsPendingLeaseAtCallersDeadline) {
  GuestProxyHarness harness;
  harness.access().HoldLeases();
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(
      harness.process_stub->Exec(&context, RequestFor(harness.id.value()), &response).error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
  harness.StopProxy();
}

TEST(GuestProxyFailureTest, CancelsGuestWhenCallerCancels) {
  GuestProxyHarness harness;
  absl::Notification started;
  absl::Notification cancelled;
  harness.tunnels.connect = [&](grpc::ServerContext* context,
                                ScriptedTunnelService::Stream* stream) {
    guest::v1::ConnectRequest request;
    stream->Read(&request);
    started.Notify();
    // Ends without a message: by cancellation, which is not the end of what the caller sends.
    EXPECT_FALSE(stream->Read(&request));
    EXPECT_TRUE(context->IsCancelled());
    cancelled.Notify();
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  request.set_session_id(harness.id.value());
  stream->Write(request);
  started.WaitForNotification();
  context.TryCancel();
  cancelled.WaitForNotification();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  harness.access().AwaitReleased(1);
  EXPECT_EQ(harness.access().broken(), 0);
}

TEST(GuestProxyFailureTest, EndsWhenGuestIgnoresDeadline) {
  GuestProxyHarness harness;
  absl::Notification let_go;
  harness.processes.exec = [&](grpc::ServerContext*, const guest::v1::ExecRequest*,
                               guest::v1::ExecResponse*) {
    let_go.WaitForNotification();
    return grpc::Status::OK;
  };
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(
      harness.process_stub->Exec(&context, RequestFor(harness.id.value()), &response).error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
  // Returns when no call is left in the proxy, although the guest still works on this one.
  harness.StopProxy();
  EXPECT_EQ(harness.access().released(), harness.access().leased());
  let_go.Notify();
}

TEST(GuestProxyFailureTest, NamesBrowserWhenGuestDiesInUnaryCall) {
  GuestProxyHarness harness;
  harness.processes.exec = [&](grpc::ServerContext* context, const guest::v1::ExecRequest*,
                               guest::v1::ExecResponse*) {
    harness.BreakGuestConnection();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::OK;
  };
  const grpc::Status status = Exec(harness, harness.id.value());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(),
              HasSubstr("browser " + harness.id.value() + ": its guest went away"));
  EXPECT_EQ(harness.access().broken(), 1);
  // And each later call on the dead connection.
  EXPECT_EQ(Exec(harness, harness.id.value()).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(harness.access().broken(), 2);
}

TEST(GuestProxyFailureTest, NamesBrowserWhenGuestDiesInStream) {
  GuestProxyHarness harness;
  harness.tunnels.connect = [&](grpc::ServerContext*, ScriptedTunnelService::Stream* stream) {
    stream->Write(guest::v1::ConnectResponse());
    guest::v1::ConnectRequest request;
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  guest::v1::ConnectResponse response;
  request.set_session_id(harness.id.value());
  stream->Write(request);
  ASSERT_TRUE(stream->Read(&response));
  // The caller is silent, so nothing but the guest's end can end the call.
  harness.BreakGuestConnection();
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr(harness.id.value()));
  EXPECT_EQ(harness.access().broken(), 1);
}

TEST(GuestProxyFailureTest, KeepsConnectionWhenGuestItselfSaysUnavailable) {
  GuestProxyHarness harness;
  harness.tunnels.connect = [](grpc::ServerContext* context, ScriptedTunnelService::Stream*) {
    context->AddTrailingMetadata("answered-by", "agent");
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "nothing listens on port 9222");
  };
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  request.set_session_id(harness.id.value());
  stream->Write(request);
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "nothing listens on port 9222");
  EXPECT_EQ(harness.access().broken(), 0);
}

TEST(GuestProxyFailureTest, EndsStreamThatGuestEndsEarly) {
  GuestProxyHarness harness;
  harness.processes.write_stdin = [](grpc::ServerContext*,
                                     grpc::ServerReader<guest::v1::WriteStdinRequest>* reader,
                                     guest::v1::WriteStdinResponse* response) {
    guest::v1::WriteStdinRequest request;
    reader->Read(&request);
    response->set_written_bytes(7);
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  guest::v1::WriteStdinResponse response;
  auto writer = harness.process_stub->WriteStdin(&context, &response);
  guest::v1::WriteStdinRequest request;
  request.set_session_id(harness.id.value());
  request.set_data(std::string(65536, 'x'));
  // The guest ended after the first message; writing goes on until that is known here.
  while (writer->Write(request)) {
  }
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.written_bytes(), 7u);
  EXPECT_EQ(harness.access().released(), 1);
}

TEST(GuestProxyFailureTest, TurnsUnknownStatusCodeIntoUnknown) {
  GuestProxyHarness harness;
  harness.processes.exec = [](grpc::ServerContext*, const guest::v1::ExecRequest*,
                              guest::v1::ExecResponse*) {
    // No code, but a number that the enum can hold: a larger one is undefined behaviour here.
    return grpc::Status(static_cast<grpc::StatusCode>(31), "odd");
  };
  const grpc::Status status = Exec(harness, harness.id.value());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_EQ(status.error_message(), "odd");
}

TEST(GuestProxyFailureTest, CutsLongStatusMessage) {
  GuestProxyHarness harness;
  harness.processes.exec = [](grpc::ServerContext*, const guest::v1::ExecRequest*,
                              guest::v1::ExecResponse*) {
    return grpc::Status(grpc::StatusCode::INTERNAL, std::string(2600, '\n'));
  };
  const grpc::Status status = Exec(harness, harness.id.value());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("\n\n\n"));
}

TEST(GuestProxyFailureTest, RefusesGuestMessageOverOwnLimit) {
  GuestProxy::Options options;
  options.max_message_bytes = 1000;
  GuestProxyHarness harness(options);
  harness.processes.exec = [](grpc::ServerContext*, const guest::v1::ExecRequest*,
                              guest::v1::ExecResponse* response) {
    response->set_stdout(std::string(2000, 'x'));
    return grpc::Status::OK;
  };
  const grpc::Status status = Exec(harness, harness.id.value());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("at most 1000"));
}

TEST(GuestProxyFailureTest, RefusesStreamedGuestMessageOverOwnLimit) {
  GuestProxy::Options options;
  options.max_message_bytes = 1000;
  GuestProxyHarness harness(options);
  absl::Notification cancelled;
  harness.tunnels.connect = [&](grpc::ServerContext*, ScriptedTunnelService::Stream* stream) {
    guest::v1::ConnectResponse response;
    response.set_data(std::string(2000, 'x'));
    while (stream->Write(response)) {
    }
    cancelled.Notify();
    return grpc::Status::OK;
  };
  grpc::ClientContext context;
  auto stream = harness.tunnel_stub->Connect(&context);
  guest::v1::ConnectRequest request;
  request.set_session_id(harness.id.value());
  stream->Write(request);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  cancelled.WaitForNotification();
}

TEST(GuestProxyFailureTest, RefusesGuestMessageOverChannelLimit) {
  GuestProxyHarness harness;
  harness.processes.exec = [](grpc::ServerContext*, const guest::v1::ExecRequest*,
                              guest::v1::ExecResponse* response) {
    response->set_stdout(std::string(GuestProxyHarness::kGuestChannelLimit + 1, 'x'));
    return grpc::Status::OK;
  };
  EXPECT_EQ(Exec(harness, harness.id.value()).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(GuestProxyFailureTest, StopsWithCallsUnderWay) {
  GuestProxyHarness harness;
  absl::Notification started;
  harness.processes.exec = [&](grpc::ServerContext* context, const guest::v1::ExecRequest*,
                               guest::v1::ExecResponse*) {
    started.Notify();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::OK;
  };
  std::thread caller([&] { EXPECT_FALSE(Exec(harness, harness.id.value()).ok()); });
  started.WaitForNotification();
  harness.StopProxy();
  EXPECT_EQ(harness.access().released(), 1);
  caller.join();
}

}  // namespace
}  // namespace orch

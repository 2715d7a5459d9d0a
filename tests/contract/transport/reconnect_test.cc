#include <grpcpp/server_posix.h>
#include <sys/socket.h>

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/agent/channel/serial_listener.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/transport/guest_channel.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "tests/contract/transport/qemu_port.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

constexpr int kReconnects = 1000;
constexpr char kHttp2Preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class EchoService : public guest::v1::LifecycleService::Service {
  grpc::Status GetStatus(grpc::ServerContext*, const guest::v1::GetStatusRequest*,
                         guest::v1::GetStatusResponse* response) override {
    response->add_programs()->set_name(std::string(10'000, 'x'));
    return grpc::Status::OK;
  }
};

// Leaves in the middle of something: a connection that spoke part of an HTTP/2 frame.
void LeaveMidMessage(GuestTransport& transport, const GuestAddress& address,
                     std::minstd_rand& random) {
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd fd,
                            transport.Connect(address, absl::Now() + absl::Seconds(20)));
  // Announces a SETTINGS frame of 16384 bytes that never comes whole.
  std::string bytes(kHttp2Preface);
  bytes.append(std::string("\x00\x40\x00\x04\x00\x00\x00\x00\x00", 9));
  bytes.append(random() % 12'000, 'x');
  ASSERT_GT(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
}

// Leaves with a call under way, whose answer nobody reads.
void LeaveMidCall(const std::shared_ptr<grpc::Channel>& channel) {
  auto stub = guest::v1::LifecycleService::NewStub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto call = stub->AsyncGetStatus(&context, {}, &queue);
  guest::v1::GetStatusResponse response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  context.TryCancel();
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
}

grpc::Status CallOnce(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  guest::v1::GetStatusResponse response;
  return guest::v1::LifecycleService::NewStub(channel)->GetStatus(&context, {}, &response);
}

TEST(ReconnectTest, AThousandRapidReconnectsAnswerEachCall) {
  testing::TempDir directory;
  testing::QemuPort qemu(directory.File("port"));
  EchoService service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ORCH_ASSERT_OK_AND_ASSIGN(
      auto listener, agent::SerialListener::Create(qemu.TakeGuestEnd(), [&server](UniqueFd fd) {
        grpc::AddInsecureChannelFromFd(server.get(), fd.Release());
      }));
  const GuestAddress address = VirtioSerialAddress{directory.File("port")};
  VirtioSerialTransport transport;
  const SystemClock clock;
  std::minstd_rand random(3);
  for (int i = 0; i < kReconnects; i++) {
    if (i % 3 == 1) LeaveMidMessage(transport, address, random);
    GuestChannel guest(transport, address, clock);
    ORCH_ASSERT_OK_AND_ASSIGN(auto channel, guest.Get(absl::Now() + absl::Seconds(20)));
    const grpc::Status status = CallOnce(channel);
    ASSERT_TRUE(status.ok()) << "reconnect " << i << ": " << status.error_message();
    if (i % 3 == 2) LeaveMidCall(channel);
  }
  server->Shutdown(std::chrono::system_clock::now());
}

}  // namespace
}  // namespace orch

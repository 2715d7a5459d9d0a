#include <stdlib.h>
#include <sys/socket.h>

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "gtest/gtest.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/transport/guest_channel.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "tests/e2e/transport/minimal_guest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

constexpr int kReconnects = 1000;
constexpr absl::Duration kBootPatience = absl::Seconds(60);
constexpr absl::Duration kPatience = absl::Seconds(20);

class SerialReconnectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* image = ::getenv("ORCH_TEST_IMAGE_DIR");
    ASSERT_NE(image, nullptr) << "ORCH_TEST_IMAGE_DIR does not name the minimal image; run the "
                                 "tests with ./scripts/test";
    guest_ = std::make_unique<testing::MinimalGuest>(image, directory_.File("port"),
                                                     directory_.File("console"));
  }

  // Leaves in the middle of an HTTP/2 frame that announces more than it holds.
  void LeaveMidMessage() {
    ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd fd, transport_.Connect(address_, absl::Now() + kPatience));
    std::string bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    bytes.append("\x00\x40\x00\x04\x00\x00\x00\x00\x00", 9);
    bytes.append(random_() % 12'000, 'x');
    ASSERT_GT(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }

  // Calls on a new connection, which ends with this function.
  void ConnectAndCall(absl::Duration patience) {
    GuestChannel guest(transport_, address_, clock_);
    ORCH_ASSERT_OK_AND_ASSIGN(auto channel, guest.Get(absl::Now() + patience));
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    guest::v1::GetStatusResponse response;
    const grpc::Status status =
        guest::v1::LifecycleService::NewStub(channel)->GetStatus(&context, {}, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  testing::TempDir directory_;
  std::unique_ptr<testing::MinimalGuest> guest_;
  const GuestAddress address_ = VirtioSerialAddress{directory_.File("port")};
  const SystemClock clock_{};
  VirtioSerialTransport transport_;
  std::minstd_rand random_{4};
};

TEST_F(SerialReconnectTest, AThousandRapidReconnectsAnswerEachCall) {
  ASSERT_NO_FATAL_FAILURE(ConnectAndCall(kBootPatience));
  for (int i = 0; i < kReconnects; i++) {
    SCOPED_TRACE(i);
    if (i % 3 == 1) {
      ASSERT_NO_FATAL_FAILURE(LeaveMidMessage());
    }
    ASSERT_NO_FATAL_FAILURE(ConnectAndCall(kPatience));
  }
}

}  // namespace
}  // namespace orch

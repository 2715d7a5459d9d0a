#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

#include "orchestrator/agent/channel/serial_listener.h"
#include "orchestrator/framing/socket_pair.h"
#include "orchestrator/transport/fake/fake_guest_transport.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "orchestrator/transport/vsock/vsock_transport.h"
#include "tests/contract/transport/qemu_port.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::QemuPort;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;

absl::Time Patience() { return absl::Now() + absl::Seconds(20); }
absl::Time Soon() { return absl::Now() + absl::Milliseconds(30); }

// A transport with a guest behind it, of one kind.
class Guest {
 public:
  virtual ~Guest() = default;
  virtual GuestTransport& transport() = 0;
  virtual GuestAddress address() = 0;
  // Makes the agent listen; before, it does not.
  virtual void Boot() = 0;
  // The agent's end of the oldest connection that was not taken yet.
  virtual absl::StatusOr<UniqueFd> Accept() = 0;
};

class FakeGuest : public Guest {
 public:
  FakeGuest() { transport_.SetListening(false); }
  GuestTransport& transport() override { return transport_; }
  GuestAddress address() override { return VsockAddress{3, kAgentVsockPort}; }
  void Boot() override { transport_.SetListening(true); }
  absl::StatusOr<UniqueFd> Accept() override { return transport_.Accept(Patience()); }

 private:
  FakeGuestTransport transport_;
};

// The agent's ends of connections, on their way from a listener's thread to the test. Thread-safe.
class Accepted {
 public:
  void Add(UniqueFd fd) {
    absl::MutexLock lock(&mutex_);
    fds_.push_back(std::move(fd));
  }

  absl::StatusOr<UniqueFd> Take() {
    absl::MutexLock lock(&mutex_);
    const auto some = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !fds_.empty(); };
    if (!mutex_.AwaitWithDeadline(absl::Condition(&some), Patience())) {
      return absl::DeadlineExceededError("nobody connected");
    }
    UniqueFd fd = std::move(fds_.front());
    fds_.erase(fds_.begin());
    return fd;
  }

 private:
  absl::Mutex mutex_;
  std::vector<UniqueFd> fds_ ABSL_GUARDED_BY(mutex_);
};

class SerialGuest : public Guest {
 public:
  GuestTransport& transport() override { return transport_; }
  GuestAddress address() override { return VirtioSerialAddress{directory_.File("port")}; }
  void Boot() override {
    auto listener = agent::SerialListener::Create(
        qemu_.TakeGuestEnd(), [this](UniqueFd fd) { accepted_.Add(std::move(fd)); });
    ORCH_ASSERT_OK(listener);
    listener_ = *std::move(listener);
  }
  absl::StatusOr<UniqueFd> Accept() override { return accepted_.Take(); }
  QemuPort& qemu() { return qemu_; }

 private:
  TempDir directory_;
  QemuPort qemu_{directory_.File("port")};
  Accepted accepted_;
  std::unique_ptr<agent::SerialListener> listener_;
  VirtioSerialTransport transport_;
};

void ExpectCarries(int from, int to, const std::string& text) {
  ASSERT_EQ(::send(from, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
  std::string got;
  while (got.size() < text.size()) {
    char buffer[4096];
    pollfd watched{to, POLLIN, 0};
    ASSERT_EQ(::poll(&watched, 1, 20'000), 1);
    const ssize_t count = ::recv(to, buffer, sizeof buffer, 0);
    ASSERT_GT(count, 0);
    got.append(buffer, static_cast<size_t>(count));
  }
  EXPECT_EQ(got, text);
}

bool ReachesEnd(int fd) {
  pollfd watched{fd, POLLIN, 0};
  char byte;
  return ::poll(&watched, 1, 20'000) == 1 && ::recv(fd, &byte, 1, 0) == 0;
}

using MakeGuest = std::function<std::unique_ptr<Guest>()>;

class GuestTransportContractTest : public ::testing::TestWithParam<MakeGuest> {
 protected:
  std::unique_ptr<Guest> guest_ = GetParam()();
};

TEST_P(GuestTransportContractTest, GivesANonBlockingStreamBothWays) {
  guest_->Boot();
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd host,
                            guest_->transport().Connect(guest_->address(), Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, guest_->Accept());
  EXPECT_NE(::fcntl(host.get(), F_GETFL) & O_NONBLOCK, 0);
  ExpectCarries(host.get(), agent.get(), "question");
  ExpectCarries(agent.get(), host.get(), "answer");
}

TEST_P(GuestTransportContractTest, IsUnavailableAtTheDeadlineWhenTheAgentDoesNotListen) {
  EXPECT_THAT(guest_->transport().Connect(guest_->address(), Soon()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_P(GuestTransportContractTest, ConnectsWhenTheAgentListensAtLast) {
  EXPECT_THAT(guest_->transport().Connect(guest_->address(), Soon()),
              StatusIs(absl::StatusCode::kUnavailable));
  guest_->Boot();
  ORCH_EXPECT_OK(guest_->transport().Connect(guest_->address(), Patience()));
}

TEST_P(GuestTransportContractTest, RefusesAnAddressWithoutAgent) {
  EXPECT_THAT(guest_->transport().Connect(std::monostate(), Patience()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(GuestTransportContractTest, EndsTheAgentsSideWhenTheHostCloses) {
  guest_->Boot();
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd host,
                            guest_->transport().Connect(guest_->address(), Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, guest_->Accept());
  host.Reset();
  EXPECT_TRUE(ReachesEnd(agent.get()));
}

TEST_P(GuestTransportContractTest, EndsTheHostsSideWhenTheAgentCloses) {
  guest_->Boot();
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd host,
                            guest_->transport().Connect(guest_->address(), Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, guest_->Accept());
  agent.Reset();
  EXPECT_TRUE(ReachesEnd(host.get()));
}

INSTANTIATE_TEST_SUITE_P(Fake, GuestTransportContractTest,
                         ::testing::Values([] { return std::make_unique<FakeGuest>(); }));
INSTANTIATE_TEST_SUITE_P(VirtioSerial, GuestTransportContractTest,
                         ::testing::Values([] { return std::make_unique<SerialGuest>(); }));

TEST(VirtioSerialTransportTest, EndsTheFormerConnectionWhenANewOneIsMade) {
  SerialGuest guest;
  guest.Boot();
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd former,
                            guest.transport().Connect(guest.address(), Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd host, guest.transport().Connect(guest.address(), Patience()));
  EXPECT_TRUE(ReachesEnd(former.get()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd former_agent, guest.Accept());
  EXPECT_TRUE(ReachesEnd(former_agent.get()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, guest.Accept());
  ExpectCarries(host.get(), agent.get(), "fresh");
}

TEST(VirtioSerialTransportTest, SeesThroughStaleBytesBothWays) {
  SerialGuest guest;
  guest.Boot();
  const std::string stale = "\xFE\xFD\x40half a frame of an earlier connection";
  guest.qemu().LeaveStaleBytes(stale, stale);
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd host, guest.transport().Connect(guest.address(), Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, guest.Accept());
  ExpectCarries(host.get(), agent.get(), "question");
  ExpectCarries(agent.get(), host.get(), "answer");
}

TEST(VirtioSerialTransportTest, AsksAgainWhenTheFirstOpensAreLost) {
  SerialGuest guest;
  guest.Boot();
  guest.qemu().DropForGuest(40);
  ORCH_EXPECT_OK(guest.transport().Connect(guest.address(), Patience()));
}

TEST(VirtioSerialTransportTest, IsUnavailableAtOnceWhenQemuIsGone) {
  VirtioSerialTransport transport;
  EXPECT_THAT(transport.Connect(VirtioSerialAddress{"/nonexistent"}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(VirtioSerialTransportTest, RefusesAPathThatNoSocketCanHave) {
  VirtioSerialTransport transport;
  EXPECT_THAT(transport.Connect(VirtioSerialAddress{std::string(200, 'x')}, Patience()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// Connects to nothing: hands out an end of a socket pair, or fails.
class StubConnector : public VsockConnector {
 public:
  explicit StubConnector(absl::Status failure) : failure_(std::move(failure)) {}
  absl::StatusOr<UniqueFd> Begin(const VsockAddress&) override {
    if (!failure_.ok()) return failure_;
    auto pair = MakeSocketPair();
    agent_ = std::move(pair->second);
    return std::move(pair->first);
  }

 private:
  absl::Status failure_;
  UniqueFd agent_;
};

TEST(VsockTransportTest, GivesTheConnectedSocket) {
  VsockTransport transport(std::make_unique<StubConnector>(absl::OkStatus()));
  ORCH_EXPECT_OK(transport.Connect(VsockAddress{3, kAgentVsockPort}, Patience()));
}

TEST(VsockTransportTest, NamesTheAddressWhenTheConnectionFails) {
  VsockTransport transport(std::make_unique<StubConnector>(absl::UnavailableError("refused")));
  EXPECT_THAT(
      transport.Connect(VsockAddress{3, 1024}, Patience()),
      StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("cid 3 port 1024: refused")));
}

TEST(VsockTransportTest, RefusesAddressesThatNoGuestHas) {
  VsockTransport transport(std::make_unique<StubConnector>(absl::OkStatus()));
  for (const GuestAddress& address :
       {GuestAddress(VsockAddress{2, 1024}), GuestAddress(VsockAddress{0xFFFFFFFF, 1024}),
        GuestAddress(VirtioSerialAddress{"/port"})}) {
    EXPECT_THAT(transport.Connect(address, Patience()),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace orch

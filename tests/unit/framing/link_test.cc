#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

#include "orchestrator/framing/agent_link.h"
#include "orchestrator/framing/frame_decoder.h"
#include "orchestrator/framing/frame_encoder.h"
#include "orchestrator/framing/host_link.h"
#include "orchestrator/framing/socket_pair.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

constexpr int kPatienceMilliseconds = 20'000;
constexpr absl::Duration kResend = absl::Milliseconds(20);

// Runs a link on a thread; stops and joins at its end.
class Runner {
 public:
  explicit Runner(LinkEndpoint& link) : link_(link), thread_([&link] { link.Run(); }) {}
  ~Runner() {
    link_.Stop();
    thread_.join();
  }

 private:
  LinkEndpoint& link_;
  std::thread thread_;
};

bool WaitFor(int fd, short events) {
  pollfd watched{fd, events, 0};
  return ::poll(&watched, 1, kPatienceMilliseconds) == 1;
}

void WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    ASSERT_TRUE(WaitFor(fd, POLLOUT));
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(count, 0);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

// Up to `size` bytes; fewer when the stream ends or nothing comes for a long time.
std::string ReadUpTo(int fd, size_t size) {
  std::string bytes;
  std::string buffer(65536, '\0');
  while (bytes.size() < size && WaitFor(fd, POLLIN)) {
    const ssize_t count =
        ::recv(fd, buffer.data(), std::min(buffer.size(), size - bytes.size()), 0);
    if (count <= 0) break;
    bytes.append(buffer, 0, static_cast<size_t>(count));
  }
  return bytes;
}

bool ReachesEnd(int fd) {
  char byte;
  return WaitFor(fd, POLLIN) && ::recv(fd, &byte, 1, 0) == 0;
}

// An agent's link on one end of a socket pair, which stands for the port; the test is the host.
class AgentLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ORCH_ASSERT_OK_AND_ASSIGN(auto pair, MakeSocketPair());
    host_ = std::move(pair.first);
    ORCH_ASSERT_OK_AND_ASSIGN(link_, AgentLink::Create(
                                         std::move(pair.second),
                                         [this](UniqueFd fd) {
                                           absl::MutexLock lock(&mutex_);
                                           accepted_.push_back(std::move(fd));
                                         },
                                         absl::Milliseconds(10)));
    runner_ = std::make_unique<Runner>(*link_);
  }

  void Send(FrameType type, uint64_t id, absl::string_view payload = "") {
    std::string out;
    FrameEncoder().Append({type, id, payload}, out);
    WriteAll(host_.get(), out);
  }

  // Reads until a frame of `type` and `id` comes, skipping others; returns its payload.
  std::string Await(FrameType type, uint64_t id) {
    std::string buffer(65536, '\0');
    while (true) {
      while (!frames_.empty()) {
        const ReceivedFrame frame = std::move(frames_.front());
        frames_.pop_front();
        if (frame.type == type && frame.id == id) return frame.payload;
      }
      const ssize_t count =
          WaitFor(host_.get(), POLLIN) ? ::recv(host_.get(), buffer.data(), buffer.size(), 0) : 0;
      if (count <= 0) {
        ADD_FAILURE() << "no frame of type " << static_cast<int>(type);
        return "";
      }
      decoder_.Feed(
          absl::string_view(buffer).substr(0, static_cast<size_t>(count)),
          [this](const Frame& frame) {
            frames_.push_back({frame.type, frame.connection_id, std::string(frame.payload)});
          });
    }
  }

  int accepted(size_t index) {
    absl::MutexLock lock(&mutex_);
    return index < accepted_.size() ? accepted_[index].get() : -1;
  }

  absl::Mutex mutex_;
  std::vector<UniqueFd> accepted_;
  UniqueFd host_;
  struct ReceivedFrame {
    FrameType type;
    uint64_t id;
    std::string payload;
  };

  FrameDecoder decoder_;
  std::deque<ReceivedFrame> frames_;
  std::unique_ptr<AgentLink> link_;
  std::unique_ptr<Runner> runner_;
};

TEST_F(AgentLinkTest, CarriesBytesBothWaysOnceOpen) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  Send(FrameType::kData, 5, "question");
  EXPECT_EQ(ReadUpTo(accepted(0), 8), "question");
  WriteAll(accepted(0), "answer");
  EXPECT_EQ(Await(FrameType::kData, 5), "answer");
}

TEST_F(AgentLinkTest, AnswersARepeatedOpenWithoutANewConnection) {
  Send(FrameType::kOpen, 5);
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  Await(FrameType::kAccept, 5);
  EXPECT_EQ(accepted(1), -1);
}

TEST_F(AgentLinkTest, IgnoresDataOfAnotherId) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  Send(FrameType::kData, 4, "stale");
  Send(FrameType::kClose, 4);
  Send(FrameType::kData, 5, "fresh");
  EXPECT_EQ(ReadUpTo(accepted(0), 5), "fresh");
}

TEST_F(AgentLinkTest, SeesANewOpenAlthoughTheReaderIsStuck) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  const std::string chunk(kMaxFramePayload, 'x');
  for (size_t sent = 0; sent < kReceiveWindow; sent += chunk.size()) {
    Send(FrameType::kData, 5, chunk);
  }
  Send(FrameType::kOpen, 6);
  Await(FrameType::kAccept, 6);
  Send(FrameType::kData, 6, "fresh");
  EXPECT_EQ(ReadUpTo(accepted(1), 5), "fresh");
}

TEST_F(AgentLinkTest, ClosesAConnectionThatSendsMoreThanTheWindow) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  const std::string chunk(kMaxFramePayload, 'x');
  // The socket's own buffers take some, too, which is not given back before a quarter is reached.
  for (size_t sent = 0; sent < 2 * kReceiveWindow; sent += chunk.size()) {
    Send(FrameType::kData, 5, chunk);
  }
  Await(FrameType::kClose, 5);
  Send(FrameType::kOpen, 5);
  Await(FrameType::kClose, 5);
}

TEST_F(AgentLinkTest, SendsNoMoreThanTheWindowUntilItIsGivenBack) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  std::thread writer([&] { WriteAll(accepted(0), std::string(kReceiveWindow + 1000, 'x')); });
  size_t received = 0;
  while (received < kReceiveWindow) received += Await(FrameType::kData, 5).size();
  EXPECT_EQ(received, kReceiveWindow);
  Send(FrameType::kWindow, 5, EncodeWindow(kReceiveWindow));
  while (received < kReceiveWindow + 1000) received += Await(FrameType::kData, 5).size();
  EXPECT_EQ(received, kReceiveWindow + 1000);
  writer.join();
}

TEST_F(AgentLinkTest, ClosesTheConnectionWhenTheHostDoes) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  Send(FrameType::kData, 5, "last");
  Send(FrameType::kClose, 5);
  EXPECT_EQ(ReadUpTo(accepted(0), 4), "last");
  EXPECT_TRUE(ReachesEnd(accepted(0)));
}

TEST_F(AgentLinkTest, ClosesTheConnectionWhenTheHostIsGone) {
  Send(FrameType::kOpen, 5);
  Await(FrameType::kAccept, 5);
  host_.Reset();
  EXPECT_TRUE(ReachesEnd(accepted(0)));
}

TEST(LinkTest, CarriesManyWindowsBothWaysUnharmed) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto port, MakeSocketPair());
  ORCH_ASSERT_OK_AND_ASSIGN(auto host, MakeSocketPair());
  // Sends back whatever comes.
  std::thread echo;
  ORCH_ASSERT_OK_AND_ASSIGN(std::unique_ptr<AgentLink> agent,
                            AgentLink::Create(
                                std::move(port.first),
                                [&echo](UniqueFd fd) {
                                  echo = std::thread([fd = std::move(fd)] {
                                    for (std::string bytes;
                                         !(bytes = ReadUpTo(fd.get(), 1024)).empty();) {
                                      WriteAll(fd.get(), bytes);
                                    }
                                  });
                                },
                                absl::Milliseconds(10)));
  ORCH_ASSERT_OK_AND_ASSIGN(
      std::unique_ptr<HostLink> link,
      HostLink::Create(std::move(port.second), std::move(host.first), kResend));
  std::string sent(5 * kReceiveWindow, '\0');
  for (size_t i = 0; i < sent.size(); i++) sent[i] = static_cast<char>(i * i / 7 + (i >> 9));
  {
    Runner agent_runner(*agent);
    Runner host_runner(*link);
    ORCH_ASSERT_OK(link->AwaitAccept(absl::Now() + absl::Seconds(20)));
    std::thread writer([&] { WriteAll(host.second.get(), sent); });
    EXPECT_TRUE(ReadUpTo(host.second.get(), sent.size()) == sent);
    writer.join();
    host.second.Reset();
    echo.join();
  }
}

TEST(LinkTest, HostIsUnavailableWhenThePortEnds) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto port, MakeSocketPair());
  ORCH_ASSERT_OK_AND_ASSIGN(auto host, MakeSocketPair());
  ORCH_ASSERT_OK_AND_ASSIGN(
      std::unique_ptr<HostLink> link,
      HostLink::Create(std::move(port.second), std::move(host.first), kResend));
  port.first.Reset();
  Runner runner(*link);
  EXPECT_THAT(link->AwaitAccept(absl::InfiniteFuture()), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace orch

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A TCP client of the forwarded port.
class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  void Send(const std::string& bytes) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t sent =
          ::send(fd_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += static_cast<size_t>(sent);
    }
  }

  void HalfClose() { ::shutdown(fd_.get(), SHUT_WR); }

  // All that comes until the end. An abort adds "<reset>".
  std::string ReceiveAll() {
    std::string all;
    char piece[65536];
    ssize_t got = 0;
    while ((got = ::recv(fd_.get(), piece, sizeof(piece), 0)) > 0) {
      all.append(piece, static_cast<size_t>(got));
    }
    return got == 0 ? all : all + (errno == ECONNRESET ? "<reset>" : "<error>");
  }

 private:
  UniqueFd fd_;
};

class OrchctlTunnelTest : public ::testing::Test {
 protected:
  OrchctlTunnelTest() { daemon_.browsers().Add("b1"); }

  // Reads the port that `forward` prints.
  static int PortOf(OrchctlProcess& forward) {
    const std::vector<std::string> parts = absl::StrSplit(forward.ReadLine(), ':');
    int port = 0;
    EXPECT_EQ(parts.size(), 2u);
    EXPECT_TRUE(absl::SimpleAtoi(parts.back(), &port));
    return port;
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlTunnelTest, ForwardServesManyConnectionsWithHalfClose) {
  OrchctlProcess forward(daemon_.target(),
                         {"forward", "b1", absl::StrCat("0:", FakeTunnels::kEchoPort)});
  const int port = PortOf(forward);
  constexpr int kClients = 50;
  std::vector<std::thread> threads;
  std::vector<int> good(kClients);
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      const std::string sent(200'000 + i, static_cast<char>('A' + i));
      Client client(port);
      std::thread sender([&] {
        client.Send(sent);
        client.HalfClose();
      });
      good[i] = client.ReceiveAll() == sent;
      sender.join();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(good, ::testing::Each(1));
  forward.Signal(SIGTERM);
  const auto result = forward.Finish();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err, "");
}

TEST_F(OrchctlTunnelTest, ForwardAnswersAfterTheClientsHalfClose) {
  OrchctlProcess forward(daemon_.target(),
                         {"forward", "b1", absl::StrCat(":", FakeTunnels::kCountPort)});
  Client client(PortOf(forward));
  client.Send(std::string(1'000'000, 'x'));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveAll(), "1000000");
}

TEST_F(OrchctlTunnelTest, ForwardPassesTheGuestsEndOn) {
  OrchctlProcess forward(daemon_.target(),
                         {"forward", "b1", absl::StrCat(":", FakeTunnels::kByePort)});
  Client client(PortOf(forward));
  EXPECT_EQ(client.ReceiveAll(), "bye");
}

TEST_F(OrchctlTunnelTest, ForwardResetsWhatTheGuestBreaks) {
  OrchctlProcess forward(daemon_.target(),
                         {"forward", "b1", absl::StrCat(":", FakeTunnels::kBreakPort)});
  Client client(PortOf(forward));
  EXPECT_TRUE(absl::EndsWith(client.ReceiveAll(), "<reset>"));
}

TEST_F(OrchctlTunnelTest, ForwardGoesOnAfterARefusal) {
  OrchctlProcess forward(daemon_.target(), {"forward", "b1", ":80", "-o", "json"});
  const std::string line = forward.ReadLine();
  EXPECT_THAT(line, AllOf(HasSubstr("{\"address\":\"127.0.0.1:"), HasSubstr("\"guest_port\":80}")));
  int port = 0;
  const size_t begin = line.find("\"port\":") + 7;
  ASSERT_TRUE(absl::SimpleAtoi(line.substr(begin, line.find(',', begin) - begin), &port));
  EXPECT_EQ(Client(port).ReceiveAll(), "<reset>");
  EXPECT_EQ(Client(port).ReceiveAll(), "<reset>");
  forward.Signal(SIGINT);
  const auto result = forward.Finish();
  EXPECT_EQ(result.exit_status, 0);
  const std::string complaint = "orchctl: forward: nothing listens on port 80 (UNAVAILABLE)\n";
  EXPECT_EQ(result.err, complaint + complaint);
}

TEST_F(OrchctlTunnelTest, ForwardClosesItsConnectionsAtTheEnd) {
  OrchctlProcess forward(daemon_.target(),
                         {"forward", "b1", absl::StrCat(":", FakeTunnels::kEchoPort)});
  Client client(PortOf(forward));
  client.Send("x");
  std::thread receiver([&] { client.ReceiveAll(); });
  forward.Signal(SIGTERM);
  EXPECT_EQ(forward.Finish().exit_status, 0);
  receiver.join();
}

TEST_F(OrchctlTunnelTest, ForwardRefusesAnUnknownOrEndedBrowser) {
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"forward", "b2", ":80"}).err,
            "orchctl: forward: no browser b2 (NOT_FOUND)\n");
  daemon_.browsers().SetState("b1", orchestrator::v1::BROWSER_STATE_DELETED);
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"forward", "b1", ":80"}).err,
            "orchctl: forward: browser b1 has ended (DELETED) (FAILED_PRECONDITION)\n");
}

TEST_F(OrchctlTunnelTest, CdpPrintsTheVersion) {
  const auto result = RunOrchctl(daemon_.target(), {"cdp", "b1"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "Browser           Chrome/130.0.1\nProtocol-Version  1.3\n");
}

TEST_F(OrchctlTunnelTest, CdpFailsWhereNothingListens) {
  const auto result = RunOrchctl(daemon_.target(), {"cdp", "b1", "--port", "80"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("nothing listens on port 80"));
}

}  // namespace
}  // namespace orch::testing

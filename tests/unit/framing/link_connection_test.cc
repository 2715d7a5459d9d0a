#include "orchestrator/framing/link_connection.h"

#include <string>

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

TEST(LinkConnectionTest, RefusesMoreThanTheWindow) {
  LinkConnection connection(1);
  ORCH_ASSERT_OK(connection.Receive(std::string(kReceiveWindow, 'x')));
  EXPECT_THAT(connection.Receive("x"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(LinkConnectionTest, CountsWhatIsDeliveredButNotGivenBackAsUsed) {
  LinkConnection connection(1);
  ORCH_ASSERT_OK(connection.Receive(std::string(kReceiveWindow, 'x')));
  connection.Delivered(100);
  EXPECT_EQ(connection.TakeDueWindow(), absl::nullopt);
  EXPECT_THAT(connection.Receive("x"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(LinkConnectionTest, GivesBackAQuarterOfTheWindowAtOnce) {
  LinkConnection connection(1);
  ORCH_ASSERT_OK(connection.Receive(std::string(kReceiveWindow, 'x')));
  connection.Delivered(kReceiveWindow / 4);
  EXPECT_EQ(connection.TakeDueWindow(), kReceiveWindow / 4);
  EXPECT_EQ(connection.TakeDueWindow(), absl::nullopt);
  ORCH_EXPECT_OK(connection.Receive(std::string(kReceiveWindow / 4, 'x')));
}

TEST(LinkConnectionTest, RefusesMoreGivenBackThanWasSent) {
  LinkConnection connection(1);
  connection.Sent(10);
  EXPECT_EQ(connection.send_window(), kReceiveWindow - 10);
  EXPECT_THAT(connection.ReceiveWindow(11), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(connection.ReceiveWindow(0), StatusIs(absl::StatusCode::kOutOfRange));
  ORCH_EXPECT_OK(connection.ReceiveWindow(10));
  EXPECT_EQ(connection.send_window(), kReceiveWindow);
}

}  // namespace
}  // namespace orch

#include "orchestrator/browser/guest_connections.h"

#include <memory>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/transport/fake/fake_guest_transport.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

constexpr VsockAddress kAddress{3, kAgentVsockPort};

class GuestConnectionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    connections_ = std::make_unique<GuestConnections>(
        [this](const SessionId& id) {
          EXPECT_TRUE(connections_->IsActive(id)) << "it could be put to sleep already";
          ++used_;
        },
        [this](const SessionId&) { ++idle_; });
    connections_->Add(id_, std::make_shared<GuestChannel>(transport_, kAddress, clock_));
  }

  // Ends its threads: what they do is done.
  int IdleCalls() {
    connections_.reset();
    return idle_;
  }

  // The answer, given back at once.
  absl::Status LeaseAndDrop(absl::Time deadline) {
    absl::Status status;
    absl::Notification answered;
    GuestConnections::Done done = [&](absl::StatusOr<GuestLease> lease) {
      idle_when_answered_ = idle_;
      status = lease.status();
      { const absl::StatusOr<GuestLease> dropped = std::move(lease); }
      answered.Notify();
    };
    EXPECT_TRUE(connections_->Lease(id_, deadline, done));
    answered.WaitForNotification();
    return status;
  }

  const SessionId id_ = SessionId::Generate();
  FakeGuestTransport transport_;
  SystemClock clock_;
  // Of one thread at a time.
  int used_ = 0;
  int idle_ = 0;
  int idle_when_answered_ = 0;
  std::unique_ptr<GuestConnections> connections_;
};

TEST_F(GuestConnectionsTest, SaysOnceThatAGuestIsIdleWhenItsOnlyLeaseEnds) {
  ORCH_EXPECT_OK(LeaseAndDrop(absl::Now() + absl::Seconds(20)));
  EXPECT_EQ(idle_when_answered_, 0);
  EXPECT_EQ(IdleCalls(), 1);
  // When it was connected, and when its lease ended.
  EXPECT_EQ(used_, 2);
}

TEST_F(GuestConnectionsTest, SaysThatAGuestIsIdleBeforeItsOnlyCallerHearsThatItCannotBeReached) {
  transport_.SetListening(false);
  EXPECT_THAT(LeaseAndDrop(absl::Now() + absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(idle_when_answered_, 1);
  EXPECT_EQ(IdleCalls(), 1);
  EXPECT_GE(used_, 1);
}

TEST_F(GuestConnectionsTest, LeasesNothingOfAGuestThatWasRemoved) {
  connections_->Remove(id_, absl::UnavailableError("gone"));
  GuestConnections::Done done = [](const absl::StatusOr<GuestLease>&) { FAIL(); };
  EXPECT_FALSE(connections_->Lease(id_, absl::Now(), done));
}

TEST_F(GuestConnectionsTest, RemovesOnlyAGuestThatNobodyHas) {
  absl::Notification answered;
  absl::StatusOr<GuestLease> held = absl::UnknownError("not answered");
  GuestConnections::Done done = [&](absl::StatusOr<GuestLease> lease) {
    held = std::move(lease);
    answered.Notify();
  };
  ASSERT_TRUE(connections_->Lease(id_, absl::Now() + absl::Seconds(20), done));
  answered.WaitForNotification();
  ORCH_ASSERT_OK(held.status());
  EXPECT_TRUE(connections_->IsActive(id_));
  EXPECT_FALSE(connections_->RemoveIfIdle(id_));
  held = absl::CancelledError("given back");
  EXPECT_FALSE(connections_->IsActive(id_));
  EXPECT_TRUE(connections_->RemoveIfIdle(id_));
}

}  // namespace
}  // namespace orch

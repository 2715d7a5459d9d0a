#include "orchestrator/browser/push_order.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Reach = RoomMaker::Reach;

PushCandidate Paused(int last_active) {
  Browser browser{.id = SessionId::Generate(), .state = BrowserState::kStandby};
  browser.vm = VmId::Generate();
  browser.standby_level = StandbyLevel::kPaused;
  return {.browser = browser, .last_active = absl::Seconds(last_active)};
}

PushCandidate Pooled(int last_active) {
  PushCandidate candidate = Paused(last_active);
  candidate.browser.state = BrowserState::kReady;
  candidate.browser.standby_level = StandbyLevel::kNone;
  candidate.browser.membership = PoolMembership{.pool = PoolId::Generate()};
  return candidate;
}

std::vector<SessionId> Ids(const std::vector<PushCandidate>& candidates, Reach reach) {
  std::vector<SessionId> ids;
  for (const RoomMaker::Pushable& pushable : PushOrder(candidates, reach)) {
    ids.push_back(pushable.id);
  }
  return ids;
}

TEST(PushOrderTest, BeginsWithTheLongestIdle) {
  const PushCandidate a = Paused(2);
  const PushCandidate b = Paused(1);
  const PushCandidate c = Paused(3);
  EXPECT_THAT(Ids({a, b, c}, Reach::kPaused),
              ElementsAre(b.browser.id, a.browser.id, c.browser.id));
}

TEST(PushOrderTest, EndsWithWhatPoolsHandOutNext) {
  const PushCandidate held = Paused(9);
  const PushCandidate next = Pooled(1);
  const PushCandidate last = Pooled(2);
  EXPECT_THAT(Ids({next, held, last}, Reach::kPausedAndPooled),
              ElementsAre(held.browser.id, last.browser.id, next.browser.id));
}

TEST(PushOrderTest, SparesPoolsWhereTheyAreNotMeant) {
  const PushCandidate held = Paused(9);
  EXPECT_THAT(Ids({Pooled(1), held}, Reach::kPaused), ElementsAre(held.browser.id));
}

TEST(PushOrderTest, SparesWhatIsInUse) {
  PushCandidate ready = Paused(1);
  ready.browser.state = BrowserState::kReady;
  ready.browser.standby_level = StandbyLevel::kNone;
  PushCandidate acquired = Pooled(1);
  acquired.browser.state = BrowserState::kAcquired;
  acquired.browser.acquired_at = absl::UnixEpoch();
  PushCandidate creating = Pooled(1);
  creating.browser.state = BrowserState::kCreating;
  EXPECT_THAT(Ids({ready, acquired, creating}, Reach::kPausedAndPooled), IsEmpty());
}

TEST(PushOrderTest, SparesWhatHasNoMemory) {
  PushCandidate on_disk = Paused(1);
  on_disk.browser.standby_level = StandbyLevel::kDisk;
  on_disk.browser.vm.reset();
  PushCandidate pooled = Pooled(1);
  pooled.browser.state = BrowserState::kStandby;
  pooled.browser.standby_level = StandbyLevel::kDisk;
  pooled.browser.vm.reset();
  EXPECT_THAT(Ids({on_disk, pooled}, Reach::kPausedAndPooled), IsEmpty());
}

}  // namespace
}  // namespace orch

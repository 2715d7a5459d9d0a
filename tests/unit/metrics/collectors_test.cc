#include "orchestrator/metrics/collectors.h"

#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CollectorsTest, AsksAllInTheirOrder) {
  Collectors collectors;
  const auto first = collectors.Add([](Readings& readings) { readings.vm_pids.push_back(1); });
  const auto second = collectors.Add([](Readings& readings) { readings.vm_pids.push_back(2); });
  EXPECT_THAT(collectors.Collect().vm_pids, ElementsAre(1, 2));
}

TEST(CollectorsTest, AsksNoneWhoseRegistrationIsGone) {
  Collectors collectors;
  auto registration = collectors.Add([](Readings& readings) { readings.vm_pids.push_back(1); });
  registration.reset();
  EXPECT_THAT(collectors.Collect().vm_pids, IsEmpty());
}

TEST(CollectorsTest, ARegistrationMayOutliveThem) {
  std::unique_ptr<CollectorRegistration> registration;
  {
    Collectors collectors;
    registration = collectors.Add([](Readings&) {});
  }
  registration.reset();
}

TEST(CollectorsTest, WaitsForACallUnderWayBeforeTheRegistrationIsGone) {
  Collectors collectors;
  absl::Notification running;
  absl::Notification gone;
  bool gone_while_running = false;
  auto registration = collectors.Add([&](Readings&) {
    running.Notify();
    gone_while_running = gone.WaitForNotificationWithTimeout(absl::Milliseconds(50));
  });
  std::thread scrape([&] { collectors.Collect(); });
  running.WaitForNotification();
  registration.reset();
  gone.Notify();
  scrape.join();
  EXPECT_FALSE(gone_while_running);
}

TEST(CollectorsTest, ACollectorMayAddAnother) {
  Collectors collectors;
  std::unique_ptr<CollectorRegistration> inner;
  const auto outer = collectors.Add([&](Readings&) {
    inner = collectors.Add([](Readings& readings) { readings.vm_pids.push_back(1); });
  });
  EXPECT_THAT(collectors.Collect().vm_pids, IsEmpty());
  EXPECT_NE(inner, nullptr);
}

}  // namespace
}  // namespace orch

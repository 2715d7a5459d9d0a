#include "orchestrator/driver/vm_event_hub.h"

#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

TEST(VmEventHubTest, CallsEverySubscriberUntilItUnsubscribes) {
  VmEventHub hub;
  int first = 0;
  int second = 0;
  auto one = hub.Subscribe([&](const VmEvent&) { ++first; });
  auto two = hub.Subscribe([&](const VmEvent&) { ++second; });
  const VmEvent event{.id = VmId::Generate()};
  hub.Publish(event);
  one.reset();
  hub.Publish(event);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

TEST(VmEventHubTest, UnsubscribingWaitsForTheCallbackThatRuns) {
  VmEventHub hub;
  absl::Notification entered;
  absl::Notification leave;
  std::atomic<bool> left = false;
  auto subscription = hub.Subscribe([&](const VmEvent&) {
    entered.Notify();
    leave.WaitForNotification();
    left = true;
  });
  std::thread publisher([&] { hub.Publish({.id = VmId::Generate()}); });
  entered.WaitForNotification();
  std::thread releaser([&] { leave.Notify(); });
  subscription.reset();
  EXPECT_TRUE(left);
  publisher.join();
  releaser.join();
}

}  // namespace
}  // namespace orch

#include "gtest/gtest.h"

#include "orchestrator/agent/supervisor/program.h"

namespace orch::agent {
namespace {

TEST(NextRestartDelayTest, DoublesUpToTheLimit) {
  const RestartPolicy policy;
  absl::Duration delay;
  for (const double seconds : {0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0}) {
    delay = NextRestartDelay(policy, delay, absl::Seconds(1));
    EXPECT_EQ(delay, absl::Seconds(seconds));
  }
}

TEST(NextRestartDelayTest, StartsAgainAfterHealth) {
  const RestartPolicy policy;
  EXPECT_EQ(NextRestartDelay(policy, absl::Seconds(16), absl::Seconds(29)), absl::Seconds(30));
  EXPECT_EQ(NextRestartDelay(policy, absl::Seconds(16), absl::Seconds(30)), absl::Seconds(0.5));
}

}  // namespace
}  // namespace orch::agent

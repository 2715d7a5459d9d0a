#include "orchestrator/pool/backoff.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;

const absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(BackoffTest, DoublesFromOneSecondToAMinute) {
  Backoff backoff;
  std::vector<int64_t> seconds;
  absl::Time now = kStart;
  for (int i = 0; i < 9; ++i) {
    backoff.Failed(/*began=*/now, now);
    seconds.push_back(absl::ToInt64Seconds(backoff.retry_at() - now));
    now = backoff.retry_at();
  }
  EXPECT_THAT(seconds, ElementsAre(1, 2, 4, 8, 16, 32, 60, 60, 60));
  EXPECT_EQ(backoff.failures(), 9u);
}

TEST(BackoffTest, CountsFailuresSideBySideAsOneDelay) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) backoff.Failed(kStart, kStart + absl::Milliseconds(i + 1));
  EXPECT_EQ(backoff.failures(), 10u);
  EXPECT_EQ(backoff.retry_at(), kStart + absl::Milliseconds(1) + absl::Seconds(1));
}

TEST(BackoffTest, StartsAnewAfterSuccess) {
  Backoff backoff;
  backoff.Failed(kStart, kStart);
  backoff.Failed(kStart + absl::Seconds(1), kStart + absl::Seconds(1));
  backoff.Succeeded();
  EXPECT_EQ(backoff.failures(), 0u);
  backoff.Failed(kStart + absl::Seconds(2), kStart + absl::Seconds(2));
  EXPECT_EQ(backoff.retry_at(), kStart + absl::Seconds(3));
}

TEST(BackoffTest, RetriesAtOnceWhenToldButCountsOn) {
  Backoff backoff;
  for (int i = 0; i < 5; ++i) backoff.Failed(kStart + absl::Minutes(i), kStart + absl::Minutes(i));
  const absl::Time now = kStart + absl::Minutes(5);
  backoff.RetryNow(now);
  EXPECT_EQ(backoff.retry_at(), now);
  EXPECT_EQ(backoff.failures(), 5u);
  backoff.Failed(now, now);
  EXPECT_EQ(backoff.retry_at(), now + absl::Seconds(1));
}

}  // namespace
}  // namespace orch

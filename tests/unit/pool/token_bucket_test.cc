#include "orchestrator/pool/token_bucket.h"

#include "gtest/gtest.h"

namespace orch {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(TokenBucketTest, StartsWithOneToken) {
  const TokenBucket bucket(/*size=*/100, /*percent_per_minute=*/25, kStart);
  EXPECT_EQ(bucket.Available(kStart), 1u);
}

TEST(TokenBucketTest, CarriesFractions) {
  // 4 browsers at 25 %: one a minute.
  TokenBucket bucket(4, 25, kStart);
  bucket.Take(1, kStart);
  EXPECT_EQ(bucket.Available(kStart + absl::Seconds(59)), 0u);
  bucket.Take(0, kStart + absl::Seconds(59));
  EXPECT_EQ(bucket.Available(kStart + absl::Seconds(60)), 1u);
}

TEST(TokenBucketTest, HoldsAtMostOneMinutesWorth) {
  const TokenBucket bucket(100, 25, kStart);
  EXPECT_EQ(bucket.Available(kStart + absl::Hours(24)), 25u);
}

TEST(TokenBucketTest, HoldsAtMostThePoolsSize) {
  const TokenBucket bucket(100, 1000, kStart);
  EXPECT_EQ(bucket.Available(kStart + absl::Hours(24)), 100u);
}

TEST(TokenBucketTest, HoldsAtLeastOneHoweverSlow) {
  TokenBucket bucket(1, 1, kStart);
  bucket.Take(1, kStart);
  EXPECT_EQ(bucket.Available(kStart + absl::Minutes(99)), 0u);
  EXPECT_EQ(bucket.Available(kStart + absl::Minutes(100)), 1u);
  EXPECT_EQ(bucket.Available(kStart + absl::Hours(24)), 1u);
}

TEST(TokenBucketTest, IsEmptyForEverAtRateZero) {
  TokenBucket bucket(100, 0, kStart);
  EXPECT_EQ(bucket.Available(kStart + absl::Hours(24)), 0u);
  EXPECT_EQ(bucket.WhenAvailable(1, kStart), absl::InfiniteFuture());
  bucket.GiveBack(kStart);
  EXPECT_EQ(bucket.Available(kStart), 0u);
}

TEST(TokenBucketTest, IgnoresClockThatStepsBack) {
  TokenBucket bucket(4, 25, kStart);
  bucket.Take(1, kStart);
  EXPECT_EQ(bucket.Available(kStart - absl::Hours(1)), 0u);
  bucket.Take(0, kStart - absl::Hours(1));
  EXPECT_EQ(bucket.Available(kStart - absl::Hours(1) + absl::Minutes(1)), 1u);
}

TEST(TokenBucketTest, SaysWhenThereWillBeMore) {
  TokenBucket bucket(4, 25, kStart);
  EXPECT_EQ(bucket.WhenAvailable(1, kStart), kStart);
  bucket.Take(1, kStart);
  const absl::Time when = bucket.WhenAvailable(1, kStart);
  EXPECT_LE(when, kStart + absl::Minutes(1));
  EXPECT_GT(when, kStart + absl::Seconds(59));
  EXPECT_EQ(bucket.Available(when), 1u);
}

TEST(TokenBucketTest, IsReadyWheneverItSaysSo) {
  for (uint32_t size : {1u, 3u, 7u, 100u, 9999u}) {
    for (uint32_t percent : {1u, 7u, 25u, 100u, 1000000u}) {
      TokenBucket bucket(size, percent, kStart);
      absl::Time now = kStart;
      for (int i = 0; i < 50; ++i) {
        now = bucket.WhenAvailable(1, now);
        ASSERT_GE(bucket.Available(now), 1u) << size << " " << percent << " " << i;
        bucket.Take(bucket.Available(now), now);
      }
    }
  }
}

TEST(TokenBucketTest, TakesBackUpToItsCapacity) {
  TokenBucket bucket(4, 25, kStart);
  bucket.Take(1, kStart);
  bucket.GiveBack(kStart);
  bucket.GiveBack(kStart);
  EXPECT_EQ(bucket.Available(kStart), 1u);
}

TEST(TokenBucketTest, KeepsWhatItHasWhenReconfigured) {
  TokenBucket bucket(100, 25, kStart);
  const absl::Time later = kStart + absl::Hours(1);
  bucket.Reconfigure(100, 10, later);
  EXPECT_EQ(bucket.Available(later), 10u);
  bucket.Reconfigure(100, 25, later);
  EXPECT_EQ(bucket.Available(later), 10u);
  EXPECT_EQ(bucket.Available(later + absl::Minutes(1)), 25u);
}

TEST(TokenBucketTest, StartsAnewFromRateZero) {
  TokenBucket bucket(100, 0, kStart);
  bucket.Reconfigure(100, 25, kStart + absl::Hours(1));
  EXPECT_EQ(bucket.Available(kStart + absl::Hours(1)), 1u);
}

}  // namespace
}  // namespace orch

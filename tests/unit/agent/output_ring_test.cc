#include "orchestrator/agent/process/output_ring.h"

#include <string>

#include "gtest/gtest.h"

namespace orch::agent {
namespace {

constexpr auto kStdout = ChildProcess::kStdout;
// Room for about three chunks of 1000 bytes.
constexpr size_t kCapacity = 3500;

std::string Thousand(char c) { return std::string(1000, c); }

void Fill(OutputRing& ring, int chunks) {
  for (int i = 0; i < chunks; ++i) ring.Append(kStdout, Thousand(static_cast<char>('a' + i)), {});
}

TEST(OutputRingTest, NumbersChunksFromOne) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kDropOldest);
  Fill(ring, 2);
  const auto reader = ring.AddReader(0);
  EXPECT_EQ(ring.Next(reader).chunk->sequence, 1u);
  EXPECT_EQ(ring.Next(reader).chunk->sequence, 2u);
  EXPECT_EQ(ring.Next(reader).chunk, nullptr);
}

TEST(OutputRingTest, TellsALateReaderWhatItMissed) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kDropOldest);
  const auto reader = ring.AddReader(0);
  Fill(ring, 5);
  const OutputRing::Item item = ring.Next(reader);
  EXPECT_EQ(item.missed_bytes, 2000u);
  ASSERT_NE(item.chunk, nullptr);
  EXPECT_EQ(item.chunk->sequence, 3u);
  EXPECT_EQ(ring.Next(reader).missed_bytes, 0u);
}

TEST(OutputRingTest, StartsAtTheOldestKeptWithoutSequence) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kDropOldest);
  Fill(ring, 5);
  const OutputRing::Item item = ring.Next(ring.AddReader(0));
  EXPECT_EQ(item.missed_bytes, 0u);
  EXPECT_EQ(item.chunk->sequence, 3u);
}

TEST(OutputRingTest, CountsMissedBytesFromTheSequenceAskedFor) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kDropOldest);
  Fill(ring, 6);
  EXPECT_EQ(ring.Next(ring.AddReader(1)).missed_bytes, 3000u);
  EXPECT_EQ(ring.Next(ring.AddReader(3)).missed_bytes, 1000u);
  EXPECT_EQ(ring.Next(ring.AddReader(4)).missed_bytes, 0u);
}

TEST(OutputRingTest, WaitsForASequenceThatIsYetToCome) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kDropOldest);
  const auto reader = ring.AddReader(2);
  Fill(ring, 1);
  EXPECT_EQ(ring.Next(reader).chunk, nullptr);
  Fill(ring, 1);
  EXPECT_EQ(ring.Next(reader).chunk->sequence, 2u);
}

TEST(OutputRingTest, BlocksUntilTheFirstReader) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kBlock);
  while (ring.HasRoom()) Fill(ring, 1);
  EXPECT_GE(ring.size(), kCapacity);
  const auto reader = ring.AddReader(0);
  EXPECT_FALSE(ring.HasRoom());
  EXPECT_EQ(ring.Next(reader).chunk->sequence, 1u);
  EXPECT_TRUE(ring.HasRoom());
}

TEST(OutputRingTest, BlocksForTheSlowestReader) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kBlock);
  const auto fast = ring.AddReader(0);
  const auto slow = ring.AddReader(0);
  while (ring.HasRoom()) Fill(ring, 1);
  while (ring.Next(fast).chunk != nullptr) {
  }
  EXPECT_FALSE(ring.HasRoom());
  EXPECT_EQ(ring.Next(slow).missed_bytes, 0u);
  EXPECT_TRUE(ring.HasRoom());
}

TEST(OutputRingTest, DropsOldestOnceItsReadersHaveGone) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kBlock);
  const auto reader = ring.AddReader(0);
  while (ring.HasRoom()) Fill(ring, 1);
  ring.RemoveReader(reader);
  EXPECT_TRUE(ring.HasRoom());
}

TEST(OutputRingTest, StaysWithinItsCapacityWithTinyChunks) {
  OutputRing ring(kCapacity, OutputRing::Overflow::kDropOldest);
  for (int i = 0; i < 100000; ++i) ring.Append(kStdout, "x", {});
  EXPECT_LE(ring.size(), kCapacity);
  EXPECT_EQ(ring.last_sequence(), 100000u);
}

}  // namespace
}  // namespace orch::agent

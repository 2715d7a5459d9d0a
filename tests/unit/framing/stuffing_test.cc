#include "orchestrator/framing/stuffing.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

// Checks that `bytes` survive, free of sentinels and within the bound.
void ExpectRoundTrip(const std::string& bytes) {
  std::string stuffed;
  AppendStuffed(bytes, stuffed);
  EXPECT_EQ(stuffed.find(kSentinel.data(), 0, kSentinel.size()), std::string::npos);
  EXPECT_LE(stuffed.size(), MaxStuffedSize(bytes.size()));
  std::string back;
  ORCH_ASSERT_OK(Unstuff(stuffed, back));
  EXPECT_EQ(back, bytes);
}

TEST(StuffingTest, KeepsPlainBytesOfEveryLengthAroundTheChunkSizes) {
  for (size_t around : {size_t{2}, size_t{252}, size_t{252 + 64008}, size_t{252 + 2 * 64008}}) {
    for (size_t size = around - 2; size <= around + 2; size++)
      ExpectRoundTrip(std::string(size, 'x'));
  }
}

TEST(StuffingTest, KeepsSentinelsAtEveryPlaceAroundTheChunkSizes) {
  for (size_t at : {size_t{0}, size_t{250}, size_t{251}, size_t{252}, size_t{253}, size_t{64259},
                    size_t{64260}, size_t{64261}}) {
    std::string bytes(at, 'x');
    bytes.append(kSentinel.data(), kSentinel.size());
    ExpectRoundTrip(bytes);
    ExpectRoundTrip(bytes + "tail");
    ExpectRoundTrip(bytes + bytes);
  }
}

TEST(StuffingTest, KeepsRandomBytesThatAreRichInSentinels) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; round++) {
    std::string bytes(random() % 1000, '\0');
    for (char& byte : bytes) byte = "\xFE\xFD\xFC\x00"[random() % 4];
    ExpectRoundTrip(bytes);
  }
}

TEST(StuffingTest, RefusesWhatIsNotStuffed) {
  std::string out;
  for (const std::string& bad : {std::string(), std::string("\xFD"),
                                 std::string("\x05"
                                             "abc"),
                                 std::string("\x00\x01", 2), std::string("\x00\x01\xFE", 3),
                                 std::string("\xFC") + std::string(252, 'x')}) {
    EXPECT_THAT(Unstuff(bad, out), StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace orch

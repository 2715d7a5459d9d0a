#include "orchestrator/gateway/websocket/frame_reader.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::orch::testing::StatusIs;

// A frame as a client sends it: masked, with as many length bytes as its size needs.
std::string Masked(int first, const std::string& payload) {
  std::string frame = EncodeFrame(Opcode::kText, payload);
  frame[0] = static_cast<char>(first);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  const size_t head = frame.size() - payload.size();
  const std::string mask = "\x01\x02\x03\x04";
  frame.insert(head, mask);
  for (size_t i = 0; i < payload.size(); ++i) {
    frame[head + 4 + i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return frame;
}

constexpr int kText = 0x81;

TEST(FrameReaderTest, ReadsMessagesThatComeByteByByte) {
  for (const size_t size : {0, 1, 125, 126, 65'535, 65'536}) {
    FrameReader reader(1 << 20);
    const std::string payload(size, 'x');
    const std::string frame = Masked(0x82, payload);
    for (size_t i = 0; i + 1 < frame.size(); ++i) {
      reader.Feed(frame.substr(i, 1));
      ASSERT_FALSE(reader.ReadNext().value().complete) << i;
    }
    reader.Feed(frame.substr(frame.size() - 1));
    const FrameReader::Next next = reader.ReadNext().value();
    ASSERT_TRUE(next.complete);
    EXPECT_EQ(next.message.opcode, Opcode::kBinary);
    EXPECT_EQ(next.message.payload, payload);
    if (size > 1000) continue;
    EXPECT_FALSE(reader.ReadNext().value().complete);
  }
}

TEST(FrameReaderTest, JoinsPartsAndLetsControlFramesBetweenThem) {
  FrameReader reader(100);
  reader.Feed(Masked(0x01, "a") + Masked(0x89, "p") + Masked(0x00, "b") + Masked(0x80, "c"));
  EXPECT_EQ(reader.ReadNext().value().message.opcode, Opcode::kPing);
  const FrameReader::Next next = reader.ReadNext().value();
  EXPECT_EQ(next.message.opcode, Opcode::kText);
  EXPECT_EQ(next.message.payload, "abc");
}

TEST(FrameReaderTest, RefusesWhatBreaksTheProtocol) {
  const std::string broken[] = {
      std::string("\x81\x01x", 3),  // No mask.
      Masked(0xc1, "x"),            // A reserved bit.
      Masked(0x83, "x"),            // No such kind.
      Masked(0x80, "x"),            // Continues nothing.
      Masked(0x09, "x"),            // A ping in parts.
      Masked(0x89, std::string(126, 'x')),
      Masked(0x01, "a") + Masked(kText, "b"),  // Another message within one.
  };
  for (const std::string& bytes : broken) {
    FrameReader reader(1000);
    reader.Feed(bytes);
    EXPECT_THAT(reader.ReadNext(), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(FrameReaderTest, BoundsMessagesAndTheirParts) {
  FrameReader reader(10);
  reader.Feed(Masked(kText, std::string(10, 'x')));
  EXPECT_TRUE(reader.ReadNext().value().complete);
  reader.Feed(Masked(0x01, std::string(6, 'x')) + Masked(0x80, std::string(5, 'x')));
  EXPECT_THAT(reader.ReadNext(), StatusIs(absl::StatusCode::kResourceExhausted));
  FrameReader huge(10);
  huge.Feed(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14));
  EXPECT_THAT(huge.ReadNext(), StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace orch::gateway

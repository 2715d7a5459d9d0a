#include "orchestrator/framing/frame_decoder.h"

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/framing/frame_encoder.h"
#include "orchestrator/framing/stuffing.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct OwnedFrame {
  FrameType type;
  uint64_t id;
  std::string payload;
  friend bool operator==(const OwnedFrame&, const OwnedFrame&) = default;
};

std::string Encode(const OwnedFrame& frame) {
  std::string out;
  FrameEncoder().Append({frame.type, frame.id, frame.payload}, out);
  return out;
}

// What `decoder` finds in `bytes`, fed in pieces of `piece` bytes. Each piece is copied to a block
// of its own size, so that a sanitizer sees a read beyond it.
std::vector<OwnedFrame> Decode(FrameDecoder& decoder, const std::string& bytes,
                               size_t piece = std::string::npos) {
  std::vector<OwnedFrame> frames;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min(piece, bytes.size() - at);
    const std::vector<char> block(bytes.begin() + static_cast<ptrdiff_t>(at),
                                  bytes.begin() + static_cast<ptrdiff_t>(at + size));
    decoder.Feed(absl::string_view(block.data(), block.size()), [&](const Frame& frame) {
      frames.push_back({frame.type, frame.connection_id, std::string(frame.payload)});
    });
    at += size;
  }
  return frames;
}

const OwnedFrame kOpen{FrameType::kOpen, 7, ""};
const OwnedFrame kData{FrameType::kData, 7, "some \xFE\xFD payload \xFE"};
const OwnedFrame kWindow{FrameType::kWindow, 0x1122334455667788, EncodeWindow(262144)};

TEST(FrameDecoderTest, FindsFramesHoweverTheyAreCut) {
  const std::string bytes = Encode(kOpen) + Encode(kData) + Encode(kWindow);
  for (size_t piece = 1; piece <= bytes.size(); piece++) {
    FrameDecoder decoder;
    EXPECT_THAT(Decode(decoder, bytes, piece), ElementsAre(kOpen, kData, kWindow));
    EXPECT_EQ(decoder.skipped_records(), 0);
  }
}

TEST(FrameDecoderTest, FindsTheGreatestFrame) {
  const OwnedFrame frame{FrameType::kData, 9, std::string(kMaxFramePayload, '\xFE')};
  FrameDecoder decoder;
  EXPECT_THAT(Decode(decoder, Encode(frame), 4096), ElementsAre(frame));
}

TEST(FrameDecoderTest, FindsAFrameRightAfterEveryCutOffOne) {
  const std::string cut = Encode(kData);
  for (size_t size = 0; size < cut.size(); size++) {
    FrameDecoder decoder;
    const std::vector<OwnedFrame> frames = Decode(decoder, cut.substr(0, size) + Encode(kOpen), 3);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back(), kOpen) << "cut at " << size;
  }
}

TEST(FrameDecoderTest, FindsAFrameAfterTheTailOfAnother) {
  const std::string whole = Encode(kData);
  for (size_t from = 1; from < whole.size(); from++) {
    FrameDecoder decoder;
    const std::vector<OwnedFrame> frames = Decode(decoder, whole.substr(from) + Encode(kOpen));
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back(), kOpen) << "cut at " << from;
  }
}

TEST(FrameDecoderTest, SkipsAFrameWithAnyBitFlipped) {
  const std::string good = Encode(kData);
  for (size_t bit = 16; bit < 8 * (good.size() - 2); bit++) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    FrameDecoder decoder;
    EXPECT_THAT(Decode(decoder, bad), IsEmpty()) << "bit " << bit;
  }
}

TEST(FrameDecoderTest, TakesNoFrameOutOfAPayload) {
  const OwnedFrame frame{FrameType::kData, 7, Encode(kOpen) + Encode(kWindow)};
  FrameDecoder decoder;
  EXPECT_THAT(Decode(decoder, Encode(frame), 5), ElementsAre(frame));
}

TEST(FrameDecoderTest, SkipsUnknownTypesIdZeroAndWrongPayloads) {
  const std::vector<OwnedFrame> bad = {
      {static_cast<FrameType>(0), 7, ""}, {static_cast<FrameType>(6), 7, ""},
      {FrameType::kOpen, 0, ""},          {FrameType::kOpen, 7, "x"},
      {FrameType::kAccept, 7, "x"},       {FrameType::kClose, 7, "x"},
      {FrameType::kData, 7, ""},          {FrameType::kWindow, 7, "abc"},
      {FrameType::kWindow, 7, "abcde"},
  };
  FrameDecoder decoder;
  for (const OwnedFrame& frame : bad) EXPECT_THAT(Decode(decoder, Encode(frame)), IsEmpty());
  EXPECT_EQ(decoder.skipped_records(), bad.size());
}

TEST(FrameDecoderTest, RecoversFromARecordWithoutEnd) {
  FrameDecoder decoder;
  EXPECT_THAT(Decode(decoder, std::string(1 << 20, 'x'), 1000), IsEmpty());
  EXPECT_THAT(Decode(decoder, Encode(kOpen)), ElementsAre(kOpen));
  EXPECT_EQ(decoder.skipped_records(), 1);
}

TEST(FrameDecoderTest, SurvivesRandomBytesAndStillFindsTheNextFrame) {
  std::mt19937 random(2);
  FrameDecoder decoder;
  for (int round = 0; round < 5000; round++) {
    std::string noise(random() % 300, '\0');
    // Half of the rounds use few values, to meet sentinels and lengths that fit.
    for (char& byte : noise) {
      byte = static_cast<char>(round % 2 ? random() : "\xFE\xFD\x01\x0F\x00"[random() % 5]);
    }
    const std::vector<OwnedFrame> frames =
        Decode(decoder, noise + Encode(kData), 1 + random() % 50);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back(), kData);
  }
}

}  // namespace
}  // namespace orch

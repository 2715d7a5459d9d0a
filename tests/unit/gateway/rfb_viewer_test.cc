#include "orchestrator/gateway/live/rfb_viewer.h"

#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::orch::testing::StatusIs;

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

const std::string kVersion = "RFB 003.008\n";
const std::string kNone = Bytes({1});
const std::string kShared = Bytes({1});
const std::string kHandshake = kVersion + kNone + kShared;

// Messages, as a client says them.
const std::string kPixelFormat = Bytes({0}) + std::string(19, 'p');
const std::string kEncodings = Bytes({2, 0, 0, 2}) + "aaaabbbb";
const std::string kUpdates = Bytes({3}) + std::string(9, 'u');
const std::string kContinuous = Bytes({150}) + std::string(9, 'c');
const std::string kFence = Bytes({248, 0, 0, 0, 0, 0, 0, 0, 3}) + "abc";
const std::string kKey = Bytes({4, 1, 0, 0, 0, 0, 0, 'k'});
const std::string kPointer = Bytes({5, 1, 0, 9, 0, 9});
const std::string kCutText = Bytes({6, 0, 0, 0, 0, 0, 0, 5}) + "paste";
const std::string kExtendedCutText = Bytes({6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfb}) + "paste";
const std::string kDesktopSize = Bytes({251, 0, 0, 9, 0, 9, 1, 0}) + std::string(16, 's');
const std::string kQemuKey = Bytes({255, 0}) + std::string(10, 'k');
const std::string kPower = Bytes({250, 0, 1, 2});

// What goes on of `said`, in pieces of `step` bytes.
std::string Passed(const std::string& said, size_t step) {
  RfbViewer viewer;
  std::string all;
  for (size_t at = 0; at < said.size(); at += step) {
    const absl::StatusOr<std::string> passed = viewer.Pass(said.substr(at, step));
    if (!passed.ok()) return absl::StrCat(all, "!");
    all += *passed;
  }
  return all;
}

TEST(RfbViewerTest, PassesOnWhatLookingTakes) {
  const std::string said =
      absl::StrCat(kHandshake, kPixelFormat, kEncodings, kUpdates, kContinuous, kFence, kUpdates);
  for (const size_t step : {size_t{1}, size_t{7}, said.size()}) {
    EXPECT_EQ(Passed(said, step), said) << step;
  }
}

TEST(RfbViewerTest, LeavesOutAllThatTouches) {
  for (const std::string& touch :
       {kKey, kPointer, kCutText, kExtendedCutText, kDesktopSize, kQemuKey, kPower}) {
    const std::string said = absl::StrCat(kHandshake, kUpdates, touch, touch, kEncodings);
    for (const size_t step : {size_t{1}, size_t{5}, said.size()}) {
      EXPECT_EQ(Passed(said, step), absl::StrCat(kHandshake, kUpdates, kEncodings))
          << static_cast<int>(static_cast<unsigned char>(touch[0])) << " by " << step;
    }
  }
}

TEST(RfbViewerTest, WhatIsInALongTextIsNoMessage) {
  // Its text is a key.
  const std::string text = Bytes({6, 0, 0, 0, 0, 0, 0, 8}) + kKey;
  EXPECT_EQ(Passed(absl::StrCat(kHandshake, text, kUpdates), 3), kHandshake + kUpdates);
}

TEST(RfbViewerTest, DoesNotEndTheConnectionsOfOthers) {
  EXPECT_EQ(Passed(absl::StrCat(kVersion, kNone, Bytes({0})), 1), kHandshake);
}

TEST(RfbViewerTest, RefusesWhatItDoesNotKnow) {
  const std::string oldest = "RFB 003.003\n";
  for (const std::string& said :
       {oldest, std::string("GET / HTTP/1"), kVersion + Bytes({2}), kHandshake + Bytes({7}),
        kHandshake + Bytes({255, 1}), kHandshake + Bytes({2, 0, 0xff, 0xff}),
        kHandshake + Bytes({248, 0, 0, 0, 0, 0, 0, 0, 65})}) {
    RfbViewer viewer;
    EXPECT_THAT(viewer.Pass(said), StatusIs(absl::StatusCode::kInvalidArgument)) << said;
  }
}

}  // namespace
}  // namespace orch::gateway

#include "orchestrator/agent/computer/keyboard.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/agent/computer/keysym.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/agent/fake_input_devices.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::IsOkAndHolds;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint32_t kAlpha = 0x010003b1;
constexpr uint32_t kBeta = 0x010003b2;
constexpr uint32_t kGamma = 0x010003b3;

TEST(KeyboardTest, PressesShiftForCapitals) {
  FakeInputDevices devices;
  ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
  EXPECT_THAT(keyboard->Press('A'), IsOk());
  EXPECT_THAT(keyboard->Release('A'), IsOk());
  EXPECT_THAT(devices.events,
              ElementsAre("key ffe1 down", "key 61 down", "key 61 up", "key ffe1 up"));
}

TEST(KeyboardTest, LendsSpareKeysAndTakesThemBackInTheEnd) {
  FakeInputDevices devices(2);
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
    EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{'a', kAlpha}), IsOkAndHolds(2u));
    EXPECT_THAT(keyboard->Press(kAlpha), IsOk());
    EXPECT_THAT(keyboard->Release(kAlpha), IsOk());
    EXPECT_EQ(devices.CountSpare(), 1);
  }
  EXPECT_EQ(devices.CountSpare(), 2);
  // The window has understood the new meaning before it is used, and the key before it is undone.
  EXPECT_THAT(devices.events, ElementsAre("map 10003b1", "settle", "key 10003b1 down",
                                          "key 10003b1 up", "settle", "map 0"));
}

TEST(KeyboardTest, ProvidesAsManyAsThereAreSpareKeys) {
  FakeInputDevices devices(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
  const std::vector<uint32_t> keysyms = {kAlpha, 'a', kBeta, kAlpha, kGamma};
  EXPECT_THAT(keyboard->Provide(keysyms), IsOkAndHolds(4u));
  EXPECT_THAT(keyboard->Provide(absl::MakeSpan(keysyms).subspan(4)), IsOkAndHolds(1u));
  EXPECT_THAT(keyboard->Press(kGamma), IsOk());
}

TEST(KeyboardTest, KeepsWhatIsLentAndWantedAgain) {
  FakeInputDevices devices(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kAlpha}), IsOkAndHolds(1u));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kAlpha}), IsOkAndHolds(1u));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kAlpha, kBeta}), IsOkAndHolds(2u));
  EXPECT_EQ(devices.mapped, 2);
}

TEST(KeyboardTest, RefusesWhatItHasNoKeyFor) {
  FakeInputDevices devices(0);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kAlpha}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("10003b1")));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{'a', kAlpha}), IsOkAndHolds(1u));
}

TEST(KeyboardTest, DoesNotTakeAKeyBackThatIsDown) {
  FakeInputDevices devices(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kAlpha}), IsOkAndHolds(1u));
  EXPECT_THAT(keyboard->Press(kAlpha), IsOk());
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kBeta}),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(KeyboardTest, ReleasesWhatIsDownWhenItEnds) {
  FakeInputDevices devices;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
    EXPECT_THAT(keyboard->Press('A'), IsOk());
    EXPECT_EQ(devices.keys.size(), 2u);
  }
  EXPECT_TRUE(devices.keys.empty());
}

// Of a map that programs in the guest made, where Shift itself would need Shift.
TEST(KeyboardTest, DoesWithoutAShiftThatNeedsShift) {
  class Odd : public FakeInputDevices {
    absl::StatusOr<KeyMap> GetKeyMap() override {
      return KeyMap{.first_keycode = 8, .levels = 2, .keysyms = {'a', kKeysymShift, 'b', 'B'}};
    }
  } devices;
  ORCH_ASSERT_OK_AND_ASSIGN(const auto keyboard, Keyboard::Create(devices));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{kKeysymShift}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(keyboard->Provide(std::vector<uint32_t>{'B'}),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace orch::agent

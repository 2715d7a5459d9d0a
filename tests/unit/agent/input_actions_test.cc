#include "orchestrator/agent/computer/input_actions.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/agent/fake_input_devices.h"

namespace orch::agent {
namespace {

using ::guest::v1::ComputerAction;
using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Writes down what happens to it among the events of `devices`.
class FakePasteBuffer : public PasteBuffer {
 public:
  explicit FakePasteBuffer(FakeInputDevices& devices) : devices_(devices) {}

  absl::Status Offer(const std::string& text) override {
    offered_ = true;
    return Happen("offer " + text);
  }
  absl::Status AwaitTaken() override {
    const absl::Status status = Happen("taken");
    return taken ? status : absl::FailedPreconditionError("nobody pastes");
  }
  absl::Status Restore() override { return offered_ ? Happen("restore") : absl::OkStatus(); }

  bool taken = true;

 private:
  absl::Status Happen(std::string event) {
    devices_.events.push_back(std::move(event));
    return absl::OkStatus();
  }

  FakeInputDevices& devices_;
  bool offered_ = false;
};

class InputActionsTest : public ::testing::Test {
 protected:
  // `action` is a ComputerAction in protobuf's text format.
  absl::Status Run(const std::string& action) { return actions_.Run(Parse(action)); }

  absl::Status RunBatch(const std::vector<std::string>& actions) {
    guest::v1::RunBatchRequest request;
    for (const std::string& action : actions) *request.add_actions() = Parse(action);
    return actions_.RunBatch(request);
  }

  static ComputerAction Parse(const std::string& text) {
    ComputerAction action;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &action)) << text;
    return action;
  }

  FakeInputDevices devices_;
  FakePasteBuffer paste_{devices_};
  absl::Duration paused_;
  // The call is cancelled when this much has passed.
  absl::Duration cancelled_after_ = absl::InfiniteDuration();
  InputActions actions_{{.devices = devices_,
                         .paste = paste_,
                         .pause =
                             [this](absl::Duration duration) {
                               paused_ += duration;
                               return paused_ >= cancelled_after_
                                          ? absl::CancelledError("cancelled")
                                          : absl::OkStatus();
                             },
                         .random = [] { return 0.5; }}};
};

TEST_F(InputActionsTest, MovesAtOnceOrLikeAHand) {
  EXPECT_THAT(Run("move_mouse { to { x: 5 y: 6 } smooth: false }"), IsOk());
  EXPECT_THAT(devices_.events, ElementsAre("move 5,6"));
  EXPECT_THAT(Run("move_mouse { to { x: 500 y: 400 } duration_ms: 300 }"), IsOk());
  EXPECT_EQ(devices_.pointer, (ScreenPoint{500, 400}));
  EXPECT_GT(devices_.events.size(), 10u);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(paused_), 300, 0.1);
}

TEST_F(InputActionsTest, ClicksWithKeysHeld) {
  EXPECT_THAT(Run("click_mouse { at { x: 1 y: 2 } button: MOUSE_BUTTON_RIGHT num_clicks: 2 "
                  "hold_keys: 'ctrl' }"),
              IsOk());
  EXPECT_THAT(devices_.events,
              ElementsAre("key ffe3 down", "move 1,2", "button 3 down", "button 3 up",
                          "button 3 down", "button 3 up", "key ffe3 up"));
}

TEST_F(InputActionsTest, LeavesAButtonDownWhenAskedTo) {
  EXPECT_THAT(Run("click_mouse { type: CLICK_TYPE_DOWN }"), IsOk());
  EXPECT_THAT(devices_.buttons, ElementsAre(1));
  EXPECT_THAT(Run("click_mouse { type: CLICK_TYPE_UP }"), IsOk());
  EXPECT_THAT(devices_.buttons, IsEmpty());
}

TEST_F(InputActionsTest, DragsAlongThePath) {
  EXPECT_THAT(Run("drag_mouse { path { x: 0 y: 0 } path { x: 10 y: 0 } path { x: 10 y: 10 } "
                  "smooth: false steps_per_segment: 1 step_delay_ms: 7 delay_ms: 100 }"),
              IsOk());
  EXPECT_THAT(devices_.events,
              ElementsAre("move 0,0", "button 1 down", "move 10,0", "move 10,10", "button 1 up"));
  EXPECT_EQ(paused_, absl::Milliseconds(114));
}

TEST_F(InputActionsTest, TurnsTheWheel) {
  EXPECT_THAT(Run("scroll { at { x: 1 y: 1 } delta_y: 2 delta_x: -1 }"), IsOk());
  EXPECT_THAT(devices_.events,
              ElementsAre("move 1,1", "button 5 down", "button 5 up", "button 5 down",
                          "button 5 up", "button 6 down", "button 6 up"));
}

TEST_F(InputActionsTest, TypesMoreKindsOfCharactersThanThereAreKeys) {
  EXPECT_THAT(Run("type_text { text: 'aB1!\\316\\261\\316\\262\\316\\263\\316\\264\\316\\261b' }"),
              IsOk());
  EXPECT_EQ(devices_.typed, U"aB1!αβγδαb");
  EXPECT_EQ(devices_.CountSpare(), 3);
  EXPECT_THAT(devices_.keys, IsEmpty());
}

TEST_F(InputActionsTest, TypesTheSameWithCapsLock) {
  devices_.caps_lock = true;
  EXPECT_THAT(Run("type_text { text: 'a' delay_ms: 3 }"), IsOk());
  EXPECT_THAT(devices_.events, ElementsAre("key ffe5 down", "key ffe5 up", "key 61 down",
                                           "key 61 up", "key ffe5 down", "key ffe5 up"));
  EXPECT_TRUE(devices_.caps_lock);
  EXPECT_EQ(paused_, absl::Milliseconds(3));
}

TEST_F(InputActionsTest, PastesCharactersBeyondThoseOfKeys) {
  // A character, two of which one joins the other, and a character of a key between.
  EXPECT_THAT(Run("type_text { text: 'a\xf0\x9f\x98\x80\xe2\x80\x8d\xf0\x9f\x92\xbb"
                  "b' }"),
              IsOk());
  const std::vector<std::string>& events = devices_.events;
  EXPECT_EQ(devices_.typed, U"ab");
  const auto at = [&](const std::string& event) {
    return std::find(events.begin(), events.end(), event) - events.begin();
  };
  EXPECT_LT(at("key 61 down"), at("offer \U0001F600\u200D\U0001F4BB"));
  EXPECT_LT(at("offer \U0001F600\u200D\U0001F4BB"), at("key ffe1 down"));
  EXPECT_LT(at("key ffe1 down"), at("key ff63 down"));
  EXPECT_LT(at("key ffe1 up"), at("taken"));
  EXPECT_LT(at("taken"), at("key 62 down"));
  EXPECT_LT(at("key 62 down"), at("restore"));
  EXPECT_LT(at("restore"), static_cast<ptrdiff_t>(events.size()));
}

TEST_F(InputActionsTest, PutsTheClipboardBackWhenNobodyPastes) {
  paste_.taken = false;
  EXPECT_THAT(Run("type_text { text: '\xf0\x9f\x98\x80"
                  "b' }"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(devices_.events, Contains("restore"));
  EXPECT_EQ(devices_.typed, U"");
}

TEST_F(InputActionsTest, PressesKeysOneAfterTheOther) {
  EXPECT_THAT(Run("press_key { keys: 'ctrl+a' keys: 'Return' }"), IsOk());
  EXPECT_THAT(devices_.events, ElementsAre("key ffe3 down", "key 61 down", "key 61 up",
                                           "key ffe3 up", "key ff0d down", "key ff0d up"));
}

TEST_F(InputActionsTest, HoldsKeysTogetherForADuration) {
  EXPECT_THAT(Run("press_key { keys: 'ctrl' keys: 'a' duration_ms: 500 }"), IsOk());
  EXPECT_THAT(devices_.events,
              ElementsAre("key ffe3 down", "key 61 down", "key 61 up", "key ffe3 up"));
  EXPECT_EQ(paused_, absl::Milliseconds(500));
}

TEST_F(InputActionsTest, ReleasesEverythingWhenCancelled) {
  cancelled_after_ = absl::Milliseconds(120);
  EXPECT_THAT(Run("drag_mouse { path { } path { x: 99 y: 99 } hold_keys: 'shift' }"),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(devices_.events, Contains("button 1 down"));
  EXPECT_THAT(devices_.buttons, IsEmpty());
  EXPECT_THAT(devices_.keys, IsEmpty());

  paused_ = absl::ZeroDuration();
  EXPECT_THAT(Run("press_key { keys: 'a' duration_ms: 500 hold_keys: 'ctrl' }"),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(devices_.keys, IsEmpty());
}

TEST_F(InputActionsTest, ReleasesEverythingWhenTheScreenFails) {
  devices_.failing = "move 99,99";
  EXPECT_THAT(Run("drag_mouse { path { } path { x: 99 y: 99 } hold_keys: 'shift' }"),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(devices_.buttons, IsEmpty());
  EXPECT_THAT(devices_.keys, IsEmpty());
}

TEST_F(InputActionsTest, BatchStopsAtTheFirstErrorAndSaysWhich) {
  EXPECT_THAT(RunBatch({"set_cursor { hidden: true }", "click_mouse { type: CLICK_TYPE_DOWN }",
                        "type_text { }", "scroll { delta_y: 1 }"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(StartsWith("actions[2] (type_text): "), HasSubstr("text"))));
  EXPECT_THAT(devices_.events, ElementsAre("hide", "button 1 down", "button 1 up"));
}

TEST_F(InputActionsTest, BatchTakes1To100Actions) {
  EXPECT_THAT(RunBatch({}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1..100")));
  EXPECT_THAT(RunBatch(std::vector<std::string>(101, "sleep { }")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1..100")));
  EXPECT_THAT(RunBatch(std::vector<std::string>(100, "sleep { duration_ms: 10 }")), IsOk());
  EXPECT_EQ(paused_, absl::Seconds(1));
}

// What each wrong action is told: the field and its limit.
struct BadInput {
  std::string action;
  std::string message;
};

void PrintTo(const BadInput& input, std::ostream* out) { *out << input.action; }

class BadInputTest : public InputActionsTest, public ::testing::WithParamInterface<BadInput> {};

TEST_P(BadInputTest, IsRefusedWithTheFieldAndTheLimit) {
  EXPECT_THAT(Run(GetParam().action),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
  EXPECT_THAT(devices_.events, IsEmpty());
}

std::vector<BadInput> BadInputs() {
  std::string long_path = "drag_mouse { ";
  for (int i = 0; i < 1001; ++i) absl::StrAppend(&long_path, "path { } ");
  std::string many_holds = "scroll { delta_y: 1 ";
  for (int i = 0; i < 17; ++i) absl::StrAppend(&many_holds, "hold_keys: 'a' ");
  std::string many_keys = "press_key { ";
  for (int i = 0; i < 33; ++i) absl::StrAppend(&many_keys, "keys: 'a' ");
  return {
      {"", "exactly one"},
      {"move_mouse { }", "to is missing"},
      {"move_mouse { to { x: 800 } }", "to (800, 0) is not on the screen of 800x600"},
      {"move_mouse { to { y: 600 } }", "800x600"},
      {"move_mouse { to { x: -1 } }", "(-1, 0)"},
      {"move_mouse { to { } duration_ms: 49 }", "duration_ms is 49; it takes 50..5000"},
      {"move_mouse { to { } duration_ms: 5001 }", "50..5000"},
      {"move_mouse { to { } duration_ms: 100 smooth: false }", "smooth"},
      {"move_mouse { to { } hold_keys: 'Nokey' }", "hold_keys[0]: there is no key \"Nokey\""},
      {"click_mouse { at { x: 5000 } }", "at (5000, 0)"},
      {"click_mouse { num_clicks: 101 }", "num_clicks is 101; it takes 1..100"},
      {"click_mouse { num_clicks: 2 type: CLICK_TYPE_DOWN }", "num_clicks"},
      {"click_mouse { button: 9 }", "button 9"},
      {"click_mouse { type: 9 }", "type 9"},
      {"drag_mouse { }", "points of path is 0; it takes 2..1000"},
      {"drag_mouse { path { } }", "points of path is 1; it takes 2..1000"},
      {long_path + "}", "2..1000"},
      {"drag_mouse { path { } path { x: 800 } }", "path[1] (800, 0)"},
      {"drag_mouse { path { } path { } button: MOUSE_BUTTON_BACK }", "left, middle or right"},
      {"drag_mouse { path { } path { } steps_per_segment: 1001 }", "1..1000"},
      {"drag_mouse { path { } path { } step_delay_ms: 10001 }", "0..10000"},
      {"drag_mouse { path { } path { } delay_ms: 10001 }", "0..10000"},
      {"drag_mouse { path { } path { } duration_ms: 10001 }", "50..10000"},
      {"drag_mouse { path { } path { } steps_per_segment: 1000 step_delay_ms: 61 }", "1m"},
      {"scroll { }", "delta_x and delta_y"},
      {"scroll { delta_x: 1001 }", "-1000..1000"},
      {"scroll { delta_y: -1001 }", "-1000..1000"},
      {"scroll { delta_y: 1 at { y: 600 } }", "at (0, 600)"},
      {many_holds + "}", "hold_keys is 17; it takes 0..16"},
      {"type_text { }", "text in bytes is 0; it takes 1..65536"},
      {absl::StrCat("type_text { text: '", std::string(65537, 'a'), "' }"), "1..65536"},
      {"type_text { text: 'a\\001' }", "U+0001"},
      {"type_text { text: 'a' delay_ms: 1001 }", "0..1000"},
      {absl::StrCat("type_text { delay_ms: 1000 text: '", std::string(601, 'a'), "' }"), "10m"},
      {"press_key { }", "keys is 0; it takes 1..32"},
      {many_keys + "}", "1..32"},
      {"press_key { keys: 'a' keys: 'ctrl+Nokey' }", "keys[1]: there is no key \"Nokey\""},
      {"press_key { keys: '' }", "empty"},
      {"press_key { keys: 'a' duration_ms: 30001 }", "0..30000"},
      {"sleep { duration_ms: 30001 }", "0..30000"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, BadInputTest, ::testing::ValuesIn(BadInputs()),
                         [](const auto& test) { return absl::StrCat(test.index); });

}  // namespace
}  // namespace orch::agent

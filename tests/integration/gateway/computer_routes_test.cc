#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

class ComputerRoutesTest : public GatewayTest {
 protected:
  // What the guest was asked for after `call` with `body`, or why not.
  std::string Do(const std::string& call, const std::string& body) {
    const HttpAnswer answer = Ask("POST", base_ + call, body);
    if (answer.status != 200) return absl::StrCat(answer.status, " ", answer.Message());
    EXPECT_EQ(answer.body, "");
    return computer_.last();
  }

  const std::string base_ = absl::StrCat("/browsers/", MakeId(), "/computer/");
};

TEST_F(ComputerRoutesTest, ActionsPassOn) {
  EXPECT_EQ(Do("move_mouse", R"({"x":1,"y":2,"smooth":false,"hold_keys":["ctrl"]})"),
            "move { to { x: 1 y: 2 } smooth: false hold_keys: \"ctrl\" }");
  EXPECT_EQ(Do("click_mouse", R"({"x":1,"y":2,"button":"right","click_type":"down"})"),
            "click { at { x: 1 y: 2 } button: MOUSE_BUTTON_RIGHT type: CLICK_TYPE_DOWN }");
  EXPECT_EQ(Do("drag_mouse", R"({"path":[[1,2],[3,-4]],"step_delay_ms":0})"),
            "drag { path { x: 1 y: 2 } path { x: 3 y: -4 } button: MOUSE_BUTTON_LEFT "
            "step_delay_ms: 0 }");
  EXPECT_EQ(Do("scroll", R"({"x":1,"y":2,"delta_y":-3})"),
            "scroll { at { x: 1 y: 2 } delta_y: -3 }");
  EXPECT_EQ(Do("press_key", R"({"keys":["ctrl+t"],"duration":5})"),
            "press { keys: \"ctrl+t\" duration_ms: 5 }");
  EXPECT_EQ(Do("type", R"({"text":"hi","delay":7})"), "input { text: \"hi\" delay_ms: 7 }");
  EXPECT_EQ(Do("clipboard/write", R"({"text":"copied"})"), "text: \"copied\"");
  EXPECT_EQ(Ask("POST", base_ + "cursor", R"({"hidden":true})").Json()["ok"], true);
  EXPECT_EQ(computer_.last(), "cursor { hidden: true }");
}

TEST_F(ComputerRoutesTest, WhatIsReadNeedsNoBody) {
  EXPECT_EQ(Ask("POST", base_ + "get_mouse_position").Json(), nlohmann::json({{"x", 3}, {"y", 4}}));
  EXPECT_EQ(Ask("POST", base_ + "clipboard/read").Json()["text"], "copied");
}

TEST_F(ComputerRoutesTest, ABatchHasActionsOfAllKinds) {
  EXPECT_EQ(Do("batch", R"({"actions":[{"type":"type_text","type_text":{"text":"a"}},
                                       {"type":"sleep","sleep":{"duration_ms":9}}]})"),
            "actions { type_text { text: \"a\" } } actions { sleep { duration_ms: 9 } }");
  EXPECT_EQ(
      Do("batch", R"({"actions":[{"type":"sleep","sleep":{"duration_ms":9,"x":1}}]})"),
      "400 actions[0].sleep.x is no field of browsers.computer.batch; known are: duration_ms");
  EXPECT_THAT(Do("batch", R"({"actions":[{"type":"sleep"}]})"),
              HasSubstr("400 actions[0].sleep is required"));
  EXPECT_THAT(Do("batch", R"({"actions":[{"type":"dance"}]})"), HasSubstr("400 actions[0].type"));
  EXPECT_THAT(Do("batch", R"({"actions":[]})"), HasSubstr("400 actions must have 1..100"));
}

TEST_F(ComputerRoutesTest, RefusesWhatIsWrong) {
  EXPECT_THAT(Do("move_mouse", R"({"x":1})"), HasSubstr("400 y is required"));
  EXPECT_THAT(Do("click_mouse", R"({"x":1,"y":2,"button":"tail"})"), HasSubstr("400 button"));
  EXPECT_THAT(Do("drag_mouse", R"({"path":[[1,2,3]]})"), HasSubstr("400 path"));
  EXPECT_THAT(Do("type", R"({"text":"a","speed":1})"), HasSubstr("400 speed is no field"));
  // What the guest says of a headless browser.
  EXPECT_EQ(Do("type", R"({"text":"headless"})"), "400 it is headless");
}

}  // namespace
}  // namespace orch::testing

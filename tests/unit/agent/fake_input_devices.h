#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/input_devices.h"

namespace orch::agent {

// A screen of 800x600 with a small keyboard: a, b and 1 with their capitals and "!", Return, Tab,
// Shift, Control and Caps Lock, and `spare` keys without a meaning. Writes down what happens.
class FakeInputDevices : public InputDevices {
 public:
  static constexpr uint8_t kFirstKeycode = 8;

  explicit FakeInputDevices(int spare = 3) {
    map_ = {{'a', 'A'},  {'b', 'B'},  {'1', '!'},  {0xff0d, 0},
            {0xff09, 0}, {0xffe1, 0}, {0xffe3, 0}, {0xffe5, 0}};
    for (int i = 0; i < spare; ++i) map_.push_back({0, 0});
  }

  absl::StatusOr<ScreenSize> GetScreenSize() override { return ScreenSize{800, 600}; }
  absl::StatusOr<ScreenPoint> GetPointerPosition() override { return pointer; }
  absl::StatusOr<bool> IsCapsLockOn() override { return caps_lock; }
  absl::StatusOr<KeyMap> GetKeyMap() override {
    KeyMap map{.first_keycode = kFirstKeycode, .levels = 2, .keysyms = {}};
    for (const auto& [plain, shifted] : map_) {
      map.keysyms.push_back(plain);
      map.keysyms.push_back(shifted);
    }
    return map;
  }

  absl::Status MovePointer(ScreenPoint to) override {
    pointer = to;
    return Happen(absl::StrCat("move ", to.x, ",", to.y));
  }
  absl::Status SetButton(uint8_t button, bool is_down) override {
    Hold(buttons, button, is_down);
    return Happen(absl::StrCat("button ", int{button}, is_down ? " down" : " up"));
  }
  absl::Status SetKey(uint8_t keycode, bool is_down) override {
    const auto& [plain, shifted] = map_.at(keycode - kFirstKeycode);
    Hold(keys, keycode, is_down);
    if (is_down && plain == 0xffe5) caps_lock = !caps_lock;
    if (is_down && plain != 0 && plain < 0xff00) {
      const bool shift = keys.count(kFirstKeycode + 5) > 0;
      typed.push_back(shift && shifted != 0 ? shifted : plain);
    } else if (is_down && (plain & kUnicode) != 0) {
      typed.push_back(plain & ~kUnicode);
    }
    return Happen(absl::StrCat("key ", absl::Hex(plain), is_down ? " down" : " up"));
  }
  absl::Status MapKey(uint8_t keycode, uint32_t keysym) override {
    map_.at(keycode - kFirstKeycode) = {keysym, keysym};
    if (keysym != 0) ++mapped;
    return Happen(absl::StrCat("map ", absl::Hex(keysym)));
  }
  absl::Status SetCursorHidden(bool hidden) override { return Happen(hidden ? "hide" : "show"); }
  absl::Status Settle() override { return Happen("settle"); }

  // How many keys have no meaning.
  int CountSpare() const {
    int spare = 0;
    for (const auto& [plain, shifted] : map_) spare += plain == 0 && shifted == 0;
    return spare;
  }

  ScreenPoint pointer{400, 300};
  bool caps_lock = false;
  // What is down now.
  std::set<uint8_t> buttons;
  std::set<uint8_t> keys;
  // Characters of the keys that were pressed.
  std::u32string typed;
  std::vector<std::string> events;
  int mapped = 0;
  // The event that fails.
  std::string failing;

 private:
  static constexpr uint32_t kUnicode = 0x01000000;

  static void Hold(std::set<uint8_t>& held, uint8_t what, bool is_down) {
    if (is_down) {
      held.insert(what);
    } else {
      held.erase(what);
    }
  }

  absl::Status Happen(std::string event) {
    events.push_back(std::move(event));
    return events.back() == failing ? absl::InternalError("broken") : absl::OkStatus();
  }

  std::vector<std::pair<uint32_t, uint32_t>> map_;
};

}  // namespace orch::agent

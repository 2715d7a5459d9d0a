#include "orchestrator/agent/computer/input_actions.h"

#include <cstdlib>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

using ::guest::v1::ComputerAction;

constexpr int kMaxHoldKeys = 16;
constexpr int kMaxPressedKeys = 32;
constexpr int kMaxClicks = 100;
constexpr int kMaxWheel = 1000;
constexpr int kMaxPathPoints = 1000;
constexpr int kMaxSteps = 1000;
constexpr uint32_t kDefaultSteps = 10;
constexpr uint32_t kDefaultStepMs = 50;
constexpr uint32_t kMaxDragDelayMs = 10'000;
constexpr uint32_t kMaxPressMs = 30'000;
constexpr uint32_t kMaxSleepMs = 30'000;
constexpr uint32_t kMaxTypeDelayMs = 1000;
constexpr size_t kMaxTextBytes = 65536;
constexpr absl::Duration kMaxDrag = absl::Seconds(60);
constexpr absl::Duration kMaxTyping = absl::Seconds(600);

constexpr uint8_t kWheelUp = 4;
constexpr uint8_t kWheelDown = 5;
constexpr uint8_t kWheelLeft = 6;
constexpr uint8_t kWheelRight = 7;

absl::Status OutOfRange(absl::string_view field, int64_t value, int64_t min, int64_t max) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; it takes ", min, "..", max));
}

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t min, int64_t max) {
  return value < min || value > max ? OutOfRange(field, value, min, max) : absl::OkStatus();
}

absl::StatusOr<uint8_t> XButton(guest::v1::MouseButton button) {
  switch (button) {
    case guest::v1::MOUSE_BUTTON_UNSPECIFIED:
    case guest::v1::MOUSE_BUTTON_LEFT:
      return 1;
    case guest::v1::MOUSE_BUTTON_MIDDLE:
      return 2;
    case guest::v1::MOUSE_BUTTON_RIGHT:
      return 3;
    case guest::v1::MOUSE_BUTTON_BACK:
      return 8;
    case guest::v1::MOUSE_BUTTON_FORWARD:
      return 9;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("button ", int{button}, " is unknown; it takes left, middle, right, back ",
                       "and forward"));
  }
}

// The keysyms of all `keys`, each of which may be a combination.
absl::StatusOr<std::vector<std::vector<uint32_t>>> ParseKeys(
    const google::protobuf::RepeatedPtrField<std::string>& keys, absl::string_view field) {
  std::vector<std::vector<uint32_t>> combinations;
  for (int i = 0; i < keys.size(); ++i) {
    auto keysyms = ParseCombination(keys[i]);
    if (!keysyms.ok()) return Annotate(keysyms.status(), absl::StrCat(field, "[", i, "]"));
    combinations.push_back(*std::move(keysyms));
  }
  return combinations;
}

std::vector<uint32_t> Flatten(const std::vector<std::vector<uint32_t>>& combinations) {
  std::vector<uint32_t> all;
  for (const auto& keysyms : combinations) all.insert(all.end(), keysyms.begin(), keysyms.end());
  return all;
}

// Presses all or fails; Keyboard::ReleaseAll() or its destructor undoes it.
absl::Status PressAll(Keyboard& keyboard, const std::vector<uint32_t>& keysyms) {
  for (const uint32_t keysym : keysyms) ORCH_RETURN_IF_ERROR(keyboard.Press(keysym));
  return absl::OkStatus();
}

absl::Status ReleaseInReverse(Keyboard& keyboard, const std::vector<uint32_t>& keysyms) {
  for (auto keysym = keysyms.rbegin(); keysym != keysyms.rend(); ++keysym) {
    ORCH_RETURN_IF_ERROR(keyboard.Release(*keysym));
  }
  return absl::OkStatus();
}

// All of them have a key at the same time.
absl::Status ProvideAll(Keyboard& keyboard, const std::vector<uint32_t>& keysyms) {
  ORCH_ASSIGN_OR_RETURN(const size_t provided, keyboard.Provide(keysyms));
  if (provided == keysyms.size()) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the keyboard has too few spare keys for those that it does not have; press fewer at a time");
}

const char* NameOf(const ComputerAction& action) {
  const auto* field = ComputerAction::descriptor()->FindFieldByNumber(action.action_case());
  return field == nullptr ? "no action" : field->name().c_str();
}

}  // namespace

absl::Status InputActions::Run(const ComputerAction& action) {
  absl::Status status = Dispatch(action);
  if (!status.ok()) ReleaseButtons().IgnoreError();
  return status;
}

absl::Status InputActions::RunBatch(const guest::v1::RunBatchRequest& request) {
  ORCH_RETURN_IF_ERROR(CheckRange("the number of actions", request.actions_size(), 1, kMaxBatch));
  for (int i = 0; i < request.actions_size(); ++i) {
    const ComputerAction& action = request.actions(i);
    const absl::Status status = Run(action);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("actions[", i, "] (", NameOf(action), ")"));
    }
  }
  return absl::OkStatus();
}

absl::Status InputActions::Dispatch(const ComputerAction& action) {
  ORCH_RETURN_IF_ERROR(CheckCancelled());
  switch (action.action_case()) {
    case ComputerAction::kMoveMouse:
      return Move(action.move_mouse());
    case ComputerAction::kClickMouse:
      return Click(action.click_mouse());
    case ComputerAction::kDragMouse:
      return Drag(action.drag_mouse());
    case ComputerAction::kScroll:
      return Scroll(action.scroll());
    case ComputerAction::kTypeText:
      return Type(action.type_text());
    case ComputerAction::kPressKey:
      return Press(action.press_key());
    case ComputerAction::kSetCursor:
      return options_.devices.SetCursorHidden(action.set_cursor().hidden());
    case ComputerAction::kSleep:
      ORCH_RETURN_IF_ERROR(CheckRange("duration_ms", action.sleep().duration_ms(), 0, kMaxSleepMs));
      return options_.pause(absl::Milliseconds(action.sleep().duration_ms()));
    case ComputerAction::ACTION_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("an action needs exactly one of its fields");
}

absl::StatusOr<ScreenPoint> InputActions::OnScreen(const guest::v1::Point& point,
                                                   absl::string_view field) {
  ORCH_ASSIGN_OR_RETURN(const ScreenSize screen, options_.devices.GetScreenSize());
  if (point.x() < 0 || point.x() >= screen.width || point.y() < 0 || point.y() >= screen.height) {
    return absl::InvalidArgumentError(absl::StrCat(field, " (", point.x(), ", ", point.y(),
                                                   ") is not on the screen of ", screen.width, "x",
                                                   screen.height));
  }
  return ScreenPoint{point.x(), point.y()};
}

absl::Status InputActions::SetButton(uint8_t button, bool down) {
  if (down) down_.insert(button);
  ORCH_RETURN_IF_ERROR(options_.devices.SetButton(button, down));
  if (!down) down_.erase(button);
  return absl::OkStatus();
}

absl::Status InputActions::ReleaseButtons() {
  absl::Status status;
  for (const uint8_t button : std::exchange(down_, {})) {
    status.Update(options_.devices.SetButton(button, false));
  }
  return status;
}

absl::Status InputActions::WithKeys(const HoldKeys& hold_keys,
                                    const std::function<absl::Status()>& work) {
  ORCH_RETURN_IF_ERROR(CheckRange("the number of hold_keys", hold_keys.size(), 0, kMaxHoldKeys));
  if (hold_keys.empty()) return work();
  ORCH_ASSIGN_OR_RETURN(const auto combinations, ParseKeys(hold_keys, "hold_keys"));
  const std::vector<uint32_t> keysyms = Flatten(combinations);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<Keyboard> keyboard,
                        Keyboard::Create(options_.devices));
  ORCH_RETURN_IF_ERROR(ProvideAll(*keyboard, keysyms));
  ORCH_RETURN_IF_ERROR(PressAll(*keyboard, keysyms));
  return work();
}

absl::Status InputActions::Follow(const std::vector<MouseStep>& path) {
  for (const MouseStep& step : path) {
    ORCH_RETURN_IF_ERROR(options_.pause(step.wait));
    ORCH_RETURN_IF_ERROR(options_.devices.MovePointer(step.to));
  }
  return absl::OkStatus();
}

absl::Status InputActions::Move(const guest::v1::MouseMove& move) {
  if (!move.has_to()) return absl::InvalidArgumentError("to is missing");
  const bool smooth = !move.has_smooth() || move.smooth();
  if (move.duration_ms() != 0) {
    ORCH_RETURN_IF_ERROR(CheckRange("duration_ms", move.duration_ms(), 50, 5000));
    if (!smooth) return absl::InvalidArgumentError("duration_ms is for a smooth move only");
  }
  ORCH_ASSIGN_OR_RETURN(const ScreenPoint to, OnScreen(move.to(), "to"));
  return WithKeys(move.hold_keys(), [&]() -> absl::Status {
    if (!smooth) return options_.devices.MovePointer(to);
    ORCH_ASSIGN_OR_RETURN(const ScreenPoint from, options_.devices.GetPointerPosition());
    ORCH_ASSIGN_OR_RETURN(const ScreenSize screen, options_.devices.GetScreenSize());
    const absl::Duration duration =
        move.duration_ms() != 0 ? absl::Milliseconds(move.duration_ms()) : HandDuration(from, to);
    return Follow(HandPath(from, to, duration, screen, options_.random));
  });
}

absl::Status InputActions::Click(const guest::v1::MouseClick& click) {
  ORCH_ASSIGN_OR_RETURN(const uint8_t button, XButton(click.button()));
  const uint32_t clicks = click.num_clicks() == 0 ? 1 : click.num_clicks();
  ORCH_RETURN_IF_ERROR(CheckRange("num_clicks", clicks, 1, kMaxClicks));
  if (!guest::v1::ClickType_IsValid(click.type())) {
    return absl::InvalidArgumentError(
        absl::StrCat("type ", int{click.type()}, " is unknown; it takes click, down and up"));
  }
  const bool down = click.type() != guest::v1::CLICK_TYPE_UP;
  const bool up = click.type() != guest::v1::CLICK_TYPE_DOWN;
  if (clicks > 1 && !(down && up)) {
    return absl::InvalidArgumentError("num_clicks is for whole clicks only");
  }
  ScreenPoint at;
  if (click.has_at()) {
    ORCH_ASSIGN_OR_RETURN(at, OnScreen(click.at(), "at"));
  }
  return WithKeys(click.hold_keys(), [&]() -> absl::Status {
    if (click.has_at()) ORCH_RETURN_IF_ERROR(options_.devices.MovePointer(at));
    for (uint32_t i = 0; i < clicks; ++i) {
      if (down) ORCH_RETURN_IF_ERROR(SetButton(button, true));
      if (up) ORCH_RETURN_IF_ERROR(SetButton(button, false));
    }
    return absl::OkStatus();
  });
}

absl::Status InputActions::Drag(const guest::v1::MouseDrag& drag) {
  ORCH_RETURN_IF_ERROR(
      CheckRange("the number of points of path", drag.path_size(), 2, kMaxPathPoints));
  ORCH_ASSIGN_OR_RETURN(const uint8_t button, XButton(drag.button()));
  if (button > 3) return absl::InvalidArgumentError("button must be left, middle or right");
  ORCH_RETURN_IF_ERROR(CheckRange("delay_ms", drag.delay_ms(), 0, kMaxDragDelayMs));
  const uint32_t steps = drag.steps_per_segment() == 0 ? kDefaultSteps : drag.steps_per_segment();
  ORCH_RETURN_IF_ERROR(CheckRange("steps_per_segment", steps, 1, kMaxSteps));
  const uint32_t step_ms = drag.has_step_delay_ms() ? drag.step_delay_ms() : kDefaultStepMs;
  ORCH_RETURN_IF_ERROR(CheckRange("step_delay_ms", step_ms, 0, kMaxDragDelayMs));
  if (drag.duration_ms() != 0) {
    ORCH_RETURN_IF_ERROR(CheckRange("duration_ms", drag.duration_ms(), 50, 10'000));
  }
  const absl::Duration duration =
      drag.duration_ms() != 0
          ? absl::Milliseconds(drag.duration_ms())
          : absl::Milliseconds(step_ms) * (int64_t{drag.path_size() - 1} * steps);
  if (duration > kMaxDrag) {
    return absl::InvalidArgumentError(
        absl::StrCat("the steps take ", absl::FormatDuration(duration), "; at most ",
                     absl::FormatDuration(kMaxDrag), ", or set duration_ms"));
  }
  std::vector<ScreenPoint> points;
  for (int i = 0; i < drag.path_size(); ++i) {
    ORCH_ASSIGN_OR_RETURN(points.emplace_back(),
                          OnScreen(drag.path(i), absl::StrCat("path[", i, "]")));
  }
  ORCH_ASSIGN_OR_RETURN(const ScreenSize screen, options_.devices.GetScreenSize());
  const std::vector<MouseStep> path = DragPath(points, static_cast<int>(steps), duration,
                                               !drag.has_smooth() || drag.smooth(), screen);
  return WithKeys(drag.hold_keys(), [&]() -> absl::Status {
    ORCH_RETURN_IF_ERROR(options_.devices.MovePointer(points.front()));
    ORCH_RETURN_IF_ERROR(SetButton(button, true));
    ORCH_RETURN_IF_ERROR(options_.pause(absl::Milliseconds(drag.delay_ms())));
    ORCH_RETURN_IF_ERROR(Follow(path));
    return SetButton(button, false);
  });
}

absl::Status InputActions::Scroll(const guest::v1::WheelScroll& scroll) {
  ORCH_RETURN_IF_ERROR(CheckRange("delta_x", scroll.delta_x(), -kMaxWheel, kMaxWheel));
  ORCH_RETURN_IF_ERROR(CheckRange("delta_y", scroll.delta_y(), -kMaxWheel, kMaxWheel));
  if (scroll.delta_x() == 0 && scroll.delta_y() == 0) {
    return absl::InvalidArgumentError("delta_x and delta_y are both 0");
  }
  ScreenPoint at;
  if (scroll.has_at()) {
    ORCH_ASSIGN_OR_RETURN(at, OnScreen(scroll.at(), "at"));
  }
  const auto turn = [&](int notches, uint8_t negative, uint8_t positive) -> absl::Status {
    const uint8_t button = notches < 0 ? negative : positive;
    for (int i = 0; i < std::abs(notches); ++i) {
      ORCH_RETURN_IF_ERROR(CheckCancelled());
      ORCH_RETURN_IF_ERROR(SetButton(button, true));
      ORCH_RETURN_IF_ERROR(SetButton(button, false));
    }
    return absl::OkStatus();
  };
  return WithKeys(scroll.hold_keys(), [&]() -> absl::Status {
    if (scroll.has_at()) ORCH_RETURN_IF_ERROR(options_.devices.MovePointer(at));
    ORCH_RETURN_IF_ERROR(turn(scroll.delta_y(), kWheelUp, kWheelDown));
    return turn(scroll.delta_x(), kWheelLeft, kWheelRight);
  });
}

absl::Status InputActions::Tap(Keyboard& keyboard, const std::vector<uint32_t>& keysyms) {
  ORCH_RETURN_IF_ERROR(PressAll(keyboard, keysyms));
  return ReleaseInReverse(keyboard, keysyms);
}

absl::Status InputActions::Type(const guest::v1::TextInput& input) {
  ORCH_RETURN_IF_ERROR(CheckRange("the size of text in bytes",
                                  static_cast<int64_t>(input.text().size()), 1, kMaxTextBytes));
  ORCH_RETURN_IF_ERROR(CheckRange("delay_ms", input.delay_ms(), 0, kMaxTypeDelayMs));
  ORCH_ASSIGN_OR_RETURN(const std::vector<uint32_t> keysyms, KeysymsOfText(input.text()));
  const absl::Duration delay = absl::Milliseconds(input.delay_ms());
  if (delay * static_cast<double>(keysyms.size()) > kMaxTyping) {
    return absl::InvalidArgumentError(absl::StrCat(
        keysyms.size(), " characters with delay_ms ", input.delay_ms(), " take longer than ",
        absl::FormatDuration(kMaxTyping), ", which is the limit"));
  }
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<Keyboard> keyboard,
                        Keyboard::Create(options_.devices));
  ORCH_ASSIGN_OR_RETURN(const bool caps_lock, options_.devices.IsCapsLockOn());
  // It would swap small letters and capitals.
  if (caps_lock) ORCH_RETURN_IF_ERROR(Tap(*keyboard, {kKeysymCapsLock}));
  absl::Status status = TypeParts(*keyboard, SplitForTyping(input.text()), delay);
  status.Update(options_.paste.Restore());
  if (caps_lock) {
    status.Update(keyboard->ReleaseAll());
    status.Update(Tap(*keyboard, {kKeysymCapsLock}));
  }
  return status;
}

absl::Status InputActions::TypeParts(Keyboard& keyboard, const std::vector<TextPart>& parts,
                                     absl::Duration delay) {
  for (const TextPart& part : parts) {
    if (part.pasted) {
      ORCH_RETURN_IF_ERROR(Paste(keyboard, part.text));
      if (delay > absl::ZeroDuration()) ORCH_RETURN_IF_ERROR(options_.pause(delay));
    } else {
      ORCH_ASSIGN_OR_RETURN(const std::vector<uint32_t> keysyms, KeysymsOfText(part.text));
      ORCH_RETURN_IF_ERROR(TypeKeysyms(keyboard, keysyms, delay));
    }
  }
  return absl::OkStatus();
}

absl::Status InputActions::Paste(Keyboard& keyboard, const std::string& text) {
  ORCH_RETURN_IF_ERROR(CheckCancelled());
  ORCH_RETURN_IF_ERROR(options_.paste.Offer(text));
  const std::vector<uint32_t> keys = {kKeysymShift, kKeysymInsert};
  ORCH_RETURN_IF_ERROR(ProvideAll(keyboard, keys));
  ORCH_RETURN_IF_ERROR(Tap(keyboard, keys));
  return options_.paste.AwaitTaken();
}

absl::Status InputActions::TypeKeysyms(Keyboard& keyboard, const std::vector<uint32_t>& keysyms,
                                       absl::Duration delay) {
  absl::Span<const uint32_t> rest(keysyms);
  while (!rest.empty()) {
    ORCH_ASSIGN_OR_RETURN(const size_t provided, keyboard.Provide(rest));
    for (const uint32_t keysym : rest.subspan(0, provided)) {
      ORCH_RETURN_IF_ERROR(CheckCancelled());
      ORCH_RETURN_IF_ERROR(Tap(keyboard, {keysym}));
      if (delay > absl::ZeroDuration()) ORCH_RETURN_IF_ERROR(options_.pause(delay));
    }
    rest.remove_prefix(provided);
  }
  return absl::OkStatus();
}

absl::Status InputActions::Press(const guest::v1::KeyPress& press) {
  ORCH_RETURN_IF_ERROR(CheckRange("the number of keys", press.keys_size(), 1, kMaxPressedKeys));
  ORCH_RETURN_IF_ERROR(CheckRange("duration_ms", press.duration_ms(), 0, kMaxPressMs));
  ORCH_ASSIGN_OR_RETURN(const auto combinations, ParseKeys(press.keys(), "keys"));
  return WithKeys(press.hold_keys(), [&]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<Keyboard> keyboard,
                          Keyboard::Create(options_.devices));
    const std::vector<uint32_t> all = Flatten(combinations);
    ORCH_RETURN_IF_ERROR(ProvideAll(*keyboard, all));
    if (press.duration_ms() == 0) {
      for (const auto& keysyms : combinations) ORCH_RETURN_IF_ERROR(Tap(*keyboard, keysyms));
      return absl::OkStatus();
    }
    ORCH_RETURN_IF_ERROR(PressAll(*keyboard, all));
    ORCH_RETURN_IF_ERROR(options_.pause(absl::Milliseconds(press.duration_ms())));
    return ReleaseInReverse(*keyboard, all);
  });
}

}  // namespace orch::agent

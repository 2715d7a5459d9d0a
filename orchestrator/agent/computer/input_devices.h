#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/agent/computer/x_connection.h"

namespace orch::agent {

// What the keys of a keyboard mean: for each keycode the keysyms of its levels, without and with
// Shift first. 0 is none.
struct KeyMap {
  uint8_t first_keycode = 0;
  int levels = 0;
  // `levels` for each keycode from the first on.
  std::vector<uint32_t> keysyms;
};

// A screen's mouse and keyboard, moved and pressed as by a hand. Everything takes effect in the
// order of the calls. Not thread-safe; calls block briefly.
//
// Every call: UNAVAILABLE when the X server does not answer, INTERNAL when it refuses.
class InputDevices {
 public:
  virtual ~InputDevices() = default;

  virtual absl::StatusOr<ScreenSize> GetScreenSize() = 0;
  virtual absl::StatusOr<ScreenPoint> GetPointerPosition() = 0;
  virtual absl::StatusOr<bool> IsCapsLockOn() = 0;
  virtual absl::StatusOr<KeyMap> GetKeyMap() = 0;

  virtual absl::Status MovePointer(ScreenPoint to) = 0;
  // `button` as X counts them: 1 left, 2 middle, 3 right, 4..7 the wheel, 8 back, 9 forward.
  virtual absl::Status SetButton(uint8_t button, bool down) = 0;
  virtual absl::Status SetKey(uint8_t keycode, bool down) = 0;
  // Gives a key one meaning on all levels; keysym 0 takes it away. The key must be up.
  virtual absl::Status MapKey(uint8_t keycode, uint32_t keysym) = 0;
  virtual absl::Status SetCursorHidden(bool hidden) = 0;

  // Waits until the active window has seen all of this, as far as it can be asked; for at most a
  // few seconds.
  virtual absl::Status Settle() = 0;
};

}  // namespace orch::agent

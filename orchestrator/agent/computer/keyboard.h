#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "orchestrator/agent/computer/input_devices.h"

namespace orch::agent {

// Presses keys by their keysyms, for the time of one call. A keysym that no key has gets one of the
// keys without a meaning, until the destructor; the destructor also releases what is still down.
// Not thread-safe.
class Keyboard {
 public:
  // Errors of `devices`, which outlives the keyboard.
  static absl::StatusOr<std::unique_ptr<Keyboard>> Create(InputDevices& devices);
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  // Gives a key to as many of `keysyms`, from the first on, as there are free ones for, and returns
  // how many: at least 1 of a list that is not empty. Those that got one by an earlier call and are
  // not among these lose it, unless they are down. RESOURCE_EXHAUSTED: not even for the first.
  absl::StatusOr<size_t> Provide(absl::Span<const uint32_t> keysyms);

  // Presses a key that has been provided, and Shift with it where its meaning is that of Shift.
  // Pressing one that is down counts.
  absl::Status Press(uint32_t keysym);
  absl::Status Release(uint32_t keysym);

  // Releases what is down, the last one first.
  absl::Status ReleaseAll();

 private:
  struct Key {
    uint8_t keycode = 0;
    bool shifted = false;
  };

  Keyboard(InputDevices& devices, const KeyMap& map);
  absl::Status Change(uint8_t keycode, bool down);
  absl::Status Forget(const std::set<uint32_t>& keep);

  InputDevices& devices_;
  // What the keyboard has by itself.
  std::map<uint32_t, Key> keys_;
  std::vector<uint8_t> spare_;
  // What this lent to spare keys.
  std::map<uint32_t, uint8_t> lent_;
  // Keycodes that are down and how often, in the order of their presses.
  std::vector<std::pair<uint8_t, int>> down_;
};

}  // namespace orch::agent

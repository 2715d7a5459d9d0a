#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/computer.pb.h"
#include "orchestrator/agent/computer/input_devices.h"
#include "orchestrator/agent/computer/keyboard.h"
#include "orchestrator/agent/computer/keysym.h"
#include "orchestrator/agent/computer/mouse_path.h"
#include "orchestrator/agent/computer/paste_buffer.h"

namespace orch::agent {

// Does what guest.v1.ComputerService's actions say, on one screen, for the time of one call. Keys
// are released at the end of each action; buttons that a click left down stay so unless the call
// fails. Not thread-safe; blocks for as long as the actions take.
//
// INVALID_ARGUMENT: a field is out of range; the message names it and the limit. Besides, errors of
// the devices, and what `pause` returns.
class InputActions {
 public:
  static constexpr int kMaxBatch = 100;

  struct Options {
    InputDevices& devices;
    PasteBuffer& paste;
    // Waits; not OK once the call is cancelled.
    std::function<absl::Status(absl::Duration)> pause;
    // 0..1.
    std::function<double()> random;
  };

  explicit InputActions(Options options) : options_(std::move(options)) {}
  InputActions(const InputActions&) = delete;
  InputActions& operator=(const InputActions&) = delete;

  // One action. When it fails, the buttons that this and earlier ones left down are released.
  absl::Status Run(const guest::v1::ComputerAction& action);

  // One after the other; the first failure is returned with the action's place before its message.
  absl::Status RunBatch(const guest::v1::RunBatchRequest& request);

 private:
  using HoldKeys = google::protobuf::RepeatedPtrField<std::string>;

  absl::Status Dispatch(const guest::v1::ComputerAction& action);
  absl::Status Move(const guest::v1::MouseMove& move);
  absl::Status Click(const guest::v1::MouseClick& click);
  absl::Status Drag(const guest::v1::MouseDrag& drag);
  absl::Status Scroll(const guest::v1::WheelScroll& scroll);
  absl::Status Type(const guest::v1::TextInput& input);
  absl::Status Press(const guest::v1::KeyPress& press);

  // Does `work` with these keys down.
  absl::Status WithKeys(const HoldKeys& hold_keys, const std::function<absl::Status()>& work);
  absl::Status TypeParts(Keyboard& keyboard, const std::vector<TextPart>& parts,
                         absl::Duration delay);
  absl::Status TypeKeysyms(Keyboard& keyboard, const std::vector<uint32_t>& keysyms,
                           absl::Duration delay);
  absl::Status Paste(Keyboard& keyboard, const std::string& text);
  absl::Status Tap(Keyboard& keyboard, const std::vector<uint32_t>& keysyms);
  absl::StatusOr<ScreenPoint> OnScreen(const guest::v1::Point& point, absl::string_view field);
  absl::Status SetButton(uint8_t button, bool down);
  absl::Status Follow(const std::vector<MouseStep>& path);
  absl::Status ReleaseButtons();
  // CANCELLED and the like once the call is over.
  absl::Status CheckCancelled() { return options_.pause(absl::ZeroDuration()); }

  const Options options_;
  // Buttons that this pressed and that are still down.
  std::set<uint8_t> down_;
};

}  // namespace orch::agent

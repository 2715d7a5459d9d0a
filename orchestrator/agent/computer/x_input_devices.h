#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "orchestrator/agent/computer/input_devices.h"

namespace orch::agent {

// The devices of an X server with XTEST. The cursor is hidden only as long as this lives.
//
// An X server tells its clients that a key's meaning changed, and each then asks for what is valid
// by that time: whoever changes it again, or back, before the client got there makes it read a
// wrong character. Settle() therefore sends the active window _NET_WM_PING, which it answers in its
// turn, when what came before is done.
class XInputDevices final : public InputDevices {
 public:
  // For what answers no ping, or slowly.
  static constexpr absl::Duration kSettleTime = absl::Seconds(3);

  // UNAVAILABLE: nothing answers at `display`. UNIMPLEMENTED: its X server has no XTEST or XFIXES.
  static absl::StatusOr<std::unique_ptr<XInputDevices>> Create(const std::string& display);

  // False once the X server is gone.
  bool alive() const { return connection_->alive(); }

  absl::StatusOr<ScreenSize> GetScreenSize() override;
  absl::StatusOr<ScreenPoint> GetPointerPosition() override;
  absl::StatusOr<bool> IsCapsLockOn() override;
  absl::StatusOr<KeyMap> GetKeyMap() override;
  absl::Status MovePointer(ScreenPoint to) override;
  absl::Status SetButton(uint8_t button, bool down) override;
  absl::Status SetKey(uint8_t keycode, bool down) override;
  absl::Status MapKey(uint8_t keycode, uint32_t keysym) override;
  absl::Status SetCursorHidden(bool hidden) override;
  absl::Status Settle() override;

 private:
  struct Atoms {
    xcb_atom_t active_window = 0;
    xcb_atom_t protocols = 0;
    xcb_atom_t ping = 0;
  };

  XInputDevices(std::unique_ptr<XConnection> connection, Atoms atoms)
      : connection_(std::move(connection)), atoms_(atoms) {}

  absl::Status Fake(uint8_t type, uint8_t detail, ScreenPoint to);
  // The status of a request that has no reply.
  absl::Status Check(xcb_void_cookie_t cookie, absl::string_view what);
  // Forgets events; an error among them is INTERNAL.
  absl::Status DrainEvents();
  // A window that answers pings and has the keyboard, or XCB_NONE.
  xcb_window_t FindPingable();
  void AwaitPing(xcb_window_t window);

  const std::unique_ptr<XConnection> connection_;
  const Atoms atoms_;
  // What tells one ping from another.
  uint32_t pings_ = 0;
  bool cursor_hidden_ = false;
};

}  // namespace orch::agent

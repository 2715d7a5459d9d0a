#include "orchestrator/agent/computer/x_input_devices.h"

#include <xcb/xfixes.h>
#include <xcb/xtest.h>

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// Sent events have it on top of their type.
constexpr uint8_t kTypeMask = 0x7f;
constexpr uint32_t kMaxProtocols = 32;

bool Has(XConnection& connection, xcb_extension_t& extension) {
  const xcb_query_extension_reply_t* reply = xcb_get_extension_data(connection.get(), &extension);
  return reply != nullptr && reply->present != 0;
}

// XFIXES serves a client only after it said which version it speaks; hiding cursors came with 4.
bool NegotiateXfixes(XConnection& connection) {
  const XReply<xcb_xfixes_query_version_reply_t> version(xcb_xfixes_query_version_reply(
      connection.get(), xcb_xfixes_query_version(connection.get(), 4, 0), nullptr));
  return version != nullptr && version->major_version >= 4;
}

}  // namespace

absl::StatusOr<std::unique_ptr<XInputDevices>> XInputDevices::Create(const std::string& display) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<XConnection> connection, XConnection::Create(display));
  if (!Has(*connection, xcb_test_id) || !Has(*connection, xcb_xfixes_id) ||
      !NegotiateXfixes(*connection)) {
    if (!connection->alive()) return XConnection::Unanswered();
    return absl::UnimplementedError("the X server needs the extensions XTEST and XFIXES");
  }
  Atoms atoms;
  ORCH_ASSIGN_OR_RETURN(atoms.active_window, connection->Intern("_NET_ACTIVE_WINDOW"));
  ORCH_ASSIGN_OR_RETURN(atoms.protocols, connection->Intern("WM_PROTOCOLS"));
  ORCH_ASSIGN_OR_RETURN(atoms.ping, connection->Intern("_NET_WM_PING"));
  return std::unique_ptr<XInputDevices>(new XInputDevices(std::move(connection), atoms));
}

absl::StatusOr<ScreenSize> XInputDevices::GetScreenSize() { return connection_->GetScreenSize(); }

absl::StatusOr<ScreenPoint> XInputDevices::GetPointerPosition() {
  return connection_->GetPointerPosition();
}

absl::StatusOr<bool> XInputDevices::IsCapsLockOn() {
  const XReply<xcb_query_pointer_reply_t> pointer(xcb_query_pointer_reply(
      connection_->get(), xcb_query_pointer(connection_->get(), connection_->root()), nullptr));
  if (pointer == nullptr) return XConnection::Unanswered();
  return (pointer->mask & XCB_MOD_MASK_LOCK) != 0;
}

absl::StatusOr<KeyMap> XInputDevices::GetKeyMap() {
  const xcb_setup_t* setup = xcb_get_setup(connection_->get());
  const auto count = static_cast<uint8_t>(setup->max_keycode - setup->min_keycode + 1);
  const XReply<xcb_get_keyboard_mapping_reply_t> reply(xcb_get_keyboard_mapping_reply(
      connection_->get(), xcb_get_keyboard_mapping(connection_->get(), setup->min_keycode, count),
      nullptr));
  if (reply == nullptr) return XConnection::Unanswered();
  const xcb_keysym_t* keysyms = xcb_get_keyboard_mapping_keysyms(reply.get());
  const int length = xcb_get_keyboard_mapping_keysyms_length(reply.get());
  return KeyMap{.first_keycode = setup->min_keycode,
                .levels = reply->keysyms_per_keycode,
                .keysyms = {keysyms, keysyms + std::max(length, 0)}};
}

absl::Status XInputDevices::Fake(uint8_t type, uint8_t detail, ScreenPoint to) {
  xcb_test_fake_input(connection_->get(), type, detail, XCB_CURRENT_TIME, connection_->root(),
                      static_cast<int16_t>(to.x), static_cast<int16_t>(to.y), 0);
  return connection_->Flush();
}

absl::Status XInputDevices::MovePointer(ScreenPoint to) { return Fake(XCB_MOTION_NOTIFY, 0, to); }

absl::Status XInputDevices::SetButton(uint8_t button, bool down) {
  return Fake(down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, button, {});
}

absl::Status XInputDevices::SetKey(uint8_t keycode, bool down) {
  return Fake(down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, keycode, {});
}

absl::Status XInputDevices::Check(xcb_void_cookie_t cookie, absl::string_view what) {
  const XReply<xcb_generic_error_t> error(xcb_request_check(connection_->get(), cookie));
  if (error != nullptr) {
    return absl::InternalError(
        absl::StrCat("the X server refused to ", what, ": error ", int{error->error_code}));
  }
  return connection_->alive() ? absl::OkStatus() : XConnection::Unanswered();
}

absl::Status XInputDevices::MapKey(uint8_t keycode, uint32_t keysym) {
  const xcb_keysym_t keysyms[] = {keysym, keysym};
  return Check(xcb_change_keyboard_mapping_checked(connection_->get(), 1, keycode, 2, keysyms),
               "change a key's meaning");
}

absl::Status XInputDevices::SetCursorHidden(bool hidden) {
  // The server counts.
  if (hidden == cursor_hidden_) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(
      Check(hidden ? xcb_xfixes_hide_cursor_checked(connection_->get(), connection_->root())
                   : xcb_xfixes_show_cursor_checked(connection_->get(), connection_->root()),
            "hide or show the cursor"));
  cursor_hidden_ = hidden;
  return absl::OkStatus();
}

absl::Status XInputDevices::DrainEvents() {
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const XReply<xcb_generic_event_t> event,
                          connection_->NextEvent(absl::InfinitePast()));
    if (event == nullptr) return absl::OkStatus();
    if (event->response_type == 0) {
      return absl::InternalError(
          absl::StrCat("the X server refused an event: error ",
                       int{reinterpret_cast<const xcb_generic_error_t*>(event.get())->error_code}));
    }
  }
}

xcb_window_t XInputDevices::FindPingable() {
  xcb_connection_t* const x = connection_->get();
  const auto active_cookie =
      xcb_get_property(x, 0, connection_->root(), atoms_.active_window, XCB_ATOM_WINDOW, 0, 1);
  const XReply<xcb_get_property_reply_t> active(xcb_get_property_reply(x, active_cookie, nullptr));
  if (active == nullptr || active->format != 32 || active->value_len != 1) return XCB_NONE;
  const xcb_window_t window = *static_cast<xcb_window_t*>(xcb_get_property_value(active.get()));
  if (window == XCB_NONE) return XCB_NONE;
  const auto cookie =
      xcb_get_property(x, 0, window, atoms_.protocols, XCB_ATOM_ATOM, 0, kMaxProtocols);
  const XReply<xcb_get_property_reply_t> protocols(xcb_get_property_reply(x, cookie, nullptr));
  if (protocols == nullptr || protocols->format != 32) return XCB_NONE;
  const auto* atoms = static_cast<xcb_atom_t*>(xcb_get_property_value(protocols.get()));
  const auto* end = atoms + protocols->value_len;
  return std::find(atoms, end, atoms_.ping) == end ? XCB_NONE : window;
}

void XInputDevices::AwaitPing(xcb_window_t window) {
  xcb_connection_t* const x = connection_->get();
  const auto select = [&](uint32_t mask) {
    xcb_change_window_attributes(x, connection_->root(), XCB_CW_EVENT_MASK, &mask);
  };
  // The answer is sent to the root window.
  select(XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY);
  const absl::Cleanup deselect = [&] { select(XCB_EVENT_MASK_NO_EVENT); };
  xcb_client_message_event_t ping = {};
  ping.response_type = XCB_CLIENT_MESSAGE;
  ping.format = 32;
  ping.window = window;
  ping.type = atoms_.protocols;
  ping.data.data32[0] = atoms_.ping;
  ping.data.data32[1] = ++pings_;
  ping.data.data32[2] = window;
  xcb_send_event(x, 0, window, XCB_EVENT_MASK_NO_EVENT, reinterpret_cast<const char*>(&ping));
  if (!connection_->Flush().ok()) return;
  const absl::Time deadline = absl::Now() + kSettleTime;
  while (true) {
    const auto event = connection_->NextEvent(deadline);
    if (!event.ok() || *event == nullptr) return;
    if (((*event)->response_type & kTypeMask) != XCB_CLIENT_MESSAGE) continue;
    const auto* answer = reinterpret_cast<const xcb_client_message_event_t*>(event->get());
    if (answer->type == atoms_.protocols && answer->data.data32[0] == atoms_.ping &&
        answer->data.data32[1] == pings_) {
      return;
    }
  }
}

absl::Status XInputDevices::Settle() {
  const xcb_window_t window = FindPingable();
  // Before the ping, whose wait skips all events.
  ORCH_RETURN_IF_ERROR(DrainEvents());
  if (window != XCB_NONE) AwaitPing(window);
  ORCH_RETURN_IF_ERROR(connection_->GetPointerPosition().status());
  return DrainEvents();
}

}  // namespace orch::agent

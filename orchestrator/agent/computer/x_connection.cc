#include "orchestrator/agent/computer/x_connection.h"

#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace orch::agent {

absl::Status XConnection::Unanswered() {
  return absl::UnavailableError("the X server did not answer; it may be starting, try again");
}

absl::StatusOr<std::unique_ptr<XConnection>> XConnection::Create(const std::string& display) {
  xcb_connection_t* connection = xcb_connect(display.c_str(), nullptr);
  const xcb_screen_t* screen = xcb_connection_has_error(connection) != 0
                                   ? nullptr
                                   : xcb_setup_roots_iterator(xcb_get_setup(connection)).data;
  if (screen == nullptr) {
    xcb_disconnect(connection);
    return Unanswered();
  }
  return std::unique_ptr<XConnection>(new XConnection(connection, screen));
}

XConnection::~XConnection() { xcb_disconnect(connection_); }

absl::Status XConnection::Flush() {
  return xcb_flush(connection_) > 0 ? absl::OkStatus() : Unanswered();
}

absl::StatusOr<ScreenSize> XConnection::GetScreenSize() {
  // Not the size in `screen_`, which is that of the connection's start.
  const XReply<xcb_get_geometry_reply_t> geometry(
      xcb_get_geometry_reply(connection_, xcb_get_geometry(connection_, root()), nullptr));
  if (geometry == nullptr) return Unanswered();
  return ScreenSize{geometry->width, geometry->height};
}

absl::StatusOr<ScreenPoint> XConnection::GetPointerPosition() {
  const XReply<xcb_query_pointer_reply_t> pointer(
      xcb_query_pointer_reply(connection_, xcb_query_pointer(connection_, root()), nullptr));
  if (pointer == nullptr) return Unanswered();
  return ScreenPoint{pointer->root_x, pointer->root_y};
}

absl::StatusOr<xcb_atom_t> XConnection::Intern(const std::string& name) {
  const auto cookie =
      xcb_intern_atom(connection_, 0, static_cast<uint16_t>(name.size()), name.data());
  const XReply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(connection_, cookie, nullptr));
  if (reply == nullptr) return Unanswered();
  return reply->atom;
}

absl::StatusOr<XReply<xcb_generic_event_t>> XConnection::NextEvent(absl::Time deadline) {
  while (true) {
    XReply<xcb_generic_event_t> event(xcb_poll_for_event(connection_));
    if (event != nullptr) return event;
    if (!alive()) return Unanswered();
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return event;
    pollfd readable = {.fd = xcb_get_file_descriptor(connection_), .events = POLLIN, .revents = 0};
    const int64_t wait = std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 60'000);
    if (::poll(&readable, 1, static_cast<int>(wait)) < 0 && errno != EINTR) return Unanswered();
  }
}

}  // namespace orch::agent

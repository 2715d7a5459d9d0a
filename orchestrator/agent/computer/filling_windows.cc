#include "orchestrator/agent/computer/filling_windows.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint32_t kMaxWindows = 256;
constexpr uint32_t kMaxStates = 32;
// A window that leaves no more than this free at any side covers the screen.
constexpr int kMaxGap = 16;

// The property's values, each of 32 bits; none when it is missing.
std::vector<uint32_t> GetProperty(XConnection& connection, xcb_window_t window, xcb_atom_t property,
                                  xcb_atom_t type, uint32_t max) {
  xcb_connection_t* const x = connection.get();
  const XReply<xcb_get_property_reply_t> reply(
      xcb_get_property_reply(x, xcb_get_property(x, 0, window, property, type, 0, max), nullptr));
  if (reply == nullptr || reply->format != 32) return {};
  const auto* values = static_cast<const uint32_t*>(xcb_get_property_value(reply.get()));
  return {values, values + reply->value_len};
}

bool Covers(ScreenPoint at, ScreenSize window, ScreenSize screen) {
  return std::abs(at.x) <= kMaxGap && std::abs(at.y) <= kMaxGap &&
         std::abs(at.x + window.width - screen.width) <= kMaxGap &&
         std::abs(at.y + window.height - screen.height) <= kMaxGap;
}

}  // namespace

absl::StatusOr<FillingWindows> FillingWindows::Find(XConnection& connection, ScreenSize size) {
  FillingWindows found(connection, size);
  ORCH_ASSIGN_OR_RETURN(const xcb_atom_t clients, connection.Intern("_NET_CLIENT_LIST"));
  ORCH_ASSIGN_OR_RETURN(const xcb_atom_t states, connection.Intern("_NET_WM_STATE"));
  std::vector<xcb_atom_t> kept;
  for (const char* state : {"_NET_WM_STATE_MAXIMIZED_HORZ", "_NET_WM_STATE_MAXIMIZED_VERT",
                            "_NET_WM_STATE_FULLSCREEN"}) {
    ORCH_ASSIGN_OR_RETURN(kept.emplace_back(), connection.Intern(state));
  }
  xcb_connection_t* const x = connection.get();
  for (const xcb_window_t window :
       GetProperty(connection, connection.root(), clients, XCB_ATOM_WINDOW, kMaxWindows)) {
    const XReply<xcb_get_geometry_reply_t> geometry(
        xcb_get_geometry_reply(x, xcb_get_geometry(x, window), nullptr));
    const XReply<xcb_translate_coordinates_reply_t> origin(xcb_translate_coordinates_reply(
        x, xcb_translate_coordinates(x, window, connection.root(), 0, 0), nullptr));
    if (geometry == nullptr || origin == nullptr) continue;
    const ScreenSize window_size = {geometry->width, geometry->height};
    if (!Covers({origin->dst_x, origin->dst_y}, window_size, size)) continue;
    const std::vector<uint32_t> has =
        GetProperty(connection, window, states, XCB_ATOM_ATOM, kMaxStates);
    if (std::find_first_of(has.begin(), has.end(), kept.begin(), kept.end()) != has.end()) continue;
    found.windows_.push_back({window, window_size});
  }
  if (!connection.alive()) return XConnection::Unanswered();
  return found;
}

absl::Status FillingWindows::Fit(ScreenSize size) const {
  for (const Window& window : windows_) {
    const uint32_t values[] = {
        static_cast<uint32_t>(std::max(1, size.width - screen_.width + window.size.width)),
        static_cast<uint32_t>(std::max(1, size.height - screen_.height + window.size.height))};
    // Goes to the window manager, where there is one.
    xcb_configure_window(connection_.get(), window.id,
                         XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, values);
  }
  return connection_.Flush();
}

}  // namespace orch::agent

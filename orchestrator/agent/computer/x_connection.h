#pragma once

#include <xcb/xcb.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace orch::agent {

// What xcb allocates with malloc().
struct FreeReply {
  void operator()(void* reply) const { std::free(reply); }
};
template <typename T>
using XReply = std::unique_ptr<T, FreeReply>;

// A pixel of the screen.
struct ScreenPoint {
  int x = 0;
  int y = 0;
  friend bool operator==(const ScreenPoint&, const ScreenPoint&) = default;
};

struct ScreenSize {
  int width = 0;
  int height = 0;
};

// A connection to an X server as one of its clients, and the first screen's root window. Not
// thread-safe. Calls block for the server's answer.
class XConnection {
 public:
  // Connects to a display such as ":0". UNAVAILABLE: nothing answers there.
  static absl::StatusOr<std::unique_ptr<XConnection>> Create(const std::string& display);
  ~XConnection();
  XConnection(const XConnection&) = delete;
  XConnection& operator=(const XConnection&) = delete;

  xcb_connection_t* get() const { return connection_; }
  const xcb_screen_t& screen() const { return *screen_; }
  xcb_window_t root() const { return screen_->root; }

  // False once the server closed it; it does not come back.
  bool alive() const { return xcb_connection_has_error(connection_) == 0; }

  // Sends what is buffered. UNAVAILABLE: the connection is closed.
  absl::Status Flush();

  // The screen's size now, which RandR may change. UNAVAILABLE: no answer.
  absl::StatusOr<ScreenSize> GetScreenSize();

  // Where the mouse is. UNAVAILABLE: no answer.
  absl::StatusOr<ScreenPoint> GetPointerPosition();

  // The atom of `name`, made when it is unknown. UNAVAILABLE: no answer.
  absl::StatusOr<xcb_atom_t> Intern(const std::string& name);

  // The next event, or null when none comes until `deadline`. UNAVAILABLE: the connection is
  // closed.
  absl::StatusOr<XReply<xcb_generic_event_t>> NextEvent(absl::Time deadline);

  // What calls return that got no answer.
  static absl::Status Unanswered();

 private:
  XConnection(xcb_connection_t* connection, const xcb_screen_t* screen)
      : connection_(connection), screen_(screen) {}

  xcb_connection_t* const connection_;
  const xcb_screen_t* const screen_;
};

}  // namespace orch::agent

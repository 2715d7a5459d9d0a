#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/agent/computer/x_connection.h"

namespace orch::agent {

// The windows that cover a whole screen, so that they can go on covering it when its size has
// changed. Those that the window manager itself keeps that way, maximized ones and those on the
// full screen, are not among them. Not thread-safe; calls block for the X server's answers.
class FillingWindows {
 public:
  // Finds them on a screen of `size`. UNAVAILABLE: no answer.
  static absl::StatusOr<FillingWindows> Find(XConnection& connection, ScreenSize size);

  // Has the window manager give them a size that differs from `size` as theirs did from the old
  // one. UNAVAILABLE: the X server is gone. One that has gone meanwhile is no error.
  absl::Status Fit(ScreenSize size) const;

 private:
  struct Window {
    xcb_window_t id;
    ScreenSize size;
  };

  FillingWindows(XConnection& connection, ScreenSize size)
      : connection_(connection), screen_(size) {}

  XConnection& connection_;
  const ScreenSize screen_;
  std::vector<Window> windows_;
};

}  // namespace orch::agent

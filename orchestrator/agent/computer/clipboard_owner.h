#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/agent/computer/x_connection.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// Owns the clipboard of an X server and hands its text to whoever pastes, on a thread of its own,
// until another client takes the clipboard over or this is destroyed, which empties it.
class ClipboardOwner {
 public:
  // Takes the clipboard over. UNAVAILABLE: nothing answers at `display`. RESOURCE_EXHAUSTED: `text`
  // is more than the server takes at once.
  static absl::StatusOr<std::unique_ptr<ClipboardOwner>> Create(const std::string& display,
                                                                std::string text);
  ~ClipboardOwner();
  ClipboardOwner(const ClipboardOwner&) = delete;
  ClipboardOwner& operator=(const ClipboardOwner&) = delete;

  // How often the text was handed over. Thread-safe, as owns().
  uint64_t answers() const { return answers_; }
  // No other client has taken the clipboard over.
  bool owns() const { return owns_; }

 private:
  struct Atoms {
    xcb_atom_t clipboard = 0;
    xcb_atom_t targets = 0;
    xcb_atom_t utf8_string = 0;
    xcb_atom_t text_plain_utf8 = 0;
    xcb_atom_t text_plain = 0;
  };

  ClipboardOwner(std::unique_ptr<XConnection> connection, Atoms atoms, std::string text)
      : connection_(std::move(connection)), atoms_(atoms), text_(std::move(text)) {}
  absl::Status TakeOver();
  void Serve();
  // False when the clipboard is another client's now.
  bool Handle(const xcb_generic_event_t& event);
  void Answer(const xcb_selection_request_event_t& request);

  const std::unique_ptr<XConnection> connection_;
  const Atoms atoms_;
  const std::string text_;
  xcb_window_t window_ = 0;
  std::atomic<uint64_t> answers_ = 0;
  std::atomic<bool> owns_ = true;
  // Tells the thread to end.
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace orch::agent

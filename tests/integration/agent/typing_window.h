#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/agent/computer/input_devices.h"
#include "orchestrator/agent/computer/x_connection.h"

namespace orch::agent {

// A client of an X server whose window covers the screen, has the keyboard, and writes down what
// happens to it, on a thread of its own. As browsers do, it asks for the keyboard's meaning again
// when it is told that it changed, understands each key by what it knows then, and answers pings.
class TypingWindow {
 public:
  static absl::StatusOr<std::unique_ptr<TypingWindow>> Create(const std::string& display);
  ~TypingWindow();

  // Waits until `count` events came; what came so far if they do not come in 10 s. Such as
  // "press 1 5,6 state 4", "release 1 ...", "move 5,6", "key 61", "keyup 61".
  std::vector<std::string> AwaitEvents(size_t count);
  void ForgetEvents();

 private:
  TypingWindow(std::unique_ptr<XConnection> connection, xcb_window_t window)
      : connection_(std::move(connection)), window_(window) {}
  void Serve();
  void Handle(const xcb_generic_event_t& event);
  void AnswerPing(xcb_client_message_event_t ping);
  void AskForKeys();
  uint32_t KeysymOf(uint8_t keycode, bool shift) const;
  void Add(std::string event);

  const std::unique_ptr<XConnection> connection_;
  const xcb_window_t window_;
  // Of the thread.
  KeyMap keys_;
  absl::Mutex mutex_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace orch::agent

#include "tests/integration/agent/typing_window.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint8_t kTypeMask = 0x7f;
// How soon the destructor's wish is seen.
constexpr absl::Duration kPoll = absl::Milliseconds(20);
constexpr absl::Duration kPatience = absl::Seconds(10);

}  // namespace

absl::StatusOr<std::unique_ptr<TypingWindow>> TypingWindow::Create(const std::string& display) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<XConnection> connection, XConnection::Create(display));
  ORCH_ASSIGN_OR_RETURN(const ScreenSize screen, connection->GetScreenSize());
  ORCH_ASSIGN_OR_RETURN(const xcb_atom_t active, connection->Intern("_NET_ACTIVE_WINDOW"));
  ORCH_ASSIGN_OR_RETURN(const xcb_atom_t protocols, connection->Intern("WM_PROTOCOLS"));
  ORCH_ASSIGN_OR_RETURN(const xcb_atom_t ping, connection->Intern("_NET_WM_PING"));
  xcb_connection_t* const x = connection->get();
  const xcb_window_t window = xcb_generate_id(x);
  const uint32_t values[] = {1, XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |
                                    XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE |
                                    XCB_EVENT_MASK_POINTER_MOTION};
  xcb_create_window(x, XCB_COPY_FROM_PARENT, window, connection->root(), 0, 0,
                    static_cast<uint16_t>(screen.width), static_cast<uint16_t>(screen.height), 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                    XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
  xcb_change_property(x, XCB_PROP_MODE_REPLACE, window, protocols, XCB_ATOM_ATOM, 32, 1, &ping);
  xcb_change_property(x, XCB_PROP_MODE_REPLACE, connection->root(), active, XCB_ATOM_WINDOW, 32, 1,
                      &window);
  xcb_map_window(x, window);
  xcb_set_input_focus(x, XCB_INPUT_FOCUS_POINTER_ROOT, window, XCB_CURRENT_TIME);
  std::unique_ptr<TypingWindow> typing(new TypingWindow(std::move(connection), window));
  typing->AskForKeys();
  typing->thread_ = std::thread([self = typing.get()] { self->Serve(); });
  return typing;
}

TypingWindow::~TypingWindow() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> TypingWindow::AwaitEvents(size_t count) {
  absl::MutexLock lock(&mutex_);
  const auto there = [this, count]()
                         ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return events_.size() >= count; };
  mutex_.AwaitWithTimeout(absl::Condition(&there), kPatience);
  return events_;
}

void TypingWindow::ForgetEvents() {
  absl::MutexLock lock(&mutex_);
  events_.clear();
}

void TypingWindow::Serve() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (stop_) return;
    }
    const auto event = connection_->NextEvent(absl::Now() + kPoll);
    if (!event.ok()) return;
    if (*event != nullptr) Handle(**event);
  }
}

void TypingWindow::Handle(const xcb_generic_event_t& event) {
  const auto button = [&](const char* what) {
    const auto& press = reinterpret_cast<const xcb_button_press_event_t&>(event);
    Add(absl::StrCat(what, " ", int{press.detail}, " ", press.event_x, ",", press.event_y,
                     " state ", press.state & 0xff));
  };
  const auto key = [&](const char* what) {
    const auto& press = reinterpret_cast<const xcb_key_press_event_t&>(event);
    Add(absl::StrCat(what, " ",
                     absl::Hex(KeysymOf(press.detail, (press.state & XCB_MOD_MASK_SHIFT) != 0))));
  };
  switch (event.response_type & kTypeMask) {
    case XCB_KEY_PRESS:
      return key("key");
    case XCB_KEY_RELEASE:
      return key("keyup");
    case XCB_BUTTON_PRESS:
      return button("press");
    case XCB_BUTTON_RELEASE:
      return button("release");
    case XCB_MOTION_NOTIFY: {
      const auto& motion = reinterpret_cast<const xcb_motion_notify_event_t&>(event);
      return Add(absl::StrCat("move ", motion.event_x, ",", motion.event_y));
    }
    case XCB_MAPPING_NOTIFY:
      return AskForKeys();
    case XCB_CLIENT_MESSAGE:
      return AnswerPing(reinterpret_cast<const xcb_client_message_event_t&>(event));
  }
}

void TypingWindow::AnswerPing(xcb_client_message_event_t ping) {
  ping.window = connection_->root();
  xcb_send_event(connection_->get(), 0, connection_->root(),
                 XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
                 reinterpret_cast<const char*>(&ping));
  xcb_flush(connection_->get());
}

void TypingWindow::AskForKeys() {
  xcb_connection_t* const x = connection_->get();
  const uint8_t first = xcb_get_setup(x)->min_keycode;
  const auto count = static_cast<uint8_t>(xcb_get_setup(x)->max_keycode - first + 1);
  const XReply<xcb_get_keyboard_mapping_reply_t> reply(
      xcb_get_keyboard_mapping_reply(x, xcb_get_keyboard_mapping(x, first, count), nullptr));
  if (reply == nullptr) return;
  const xcb_keysym_t* keysyms = xcb_get_keyboard_mapping_keysyms(reply.get());
  keys_ = {.first_keycode = first,
           .levels = reply->keysyms_per_keycode,
           .keysyms = {keysyms, keysyms + xcb_get_keyboard_mapping_keysyms_length(reply.get())}};
}

uint32_t TypingWindow::KeysymOf(uint8_t keycode, bool shift) const {
  const auto first = static_cast<size_t>(keycode - keys_.first_keycode) * keys_.levels;
  const uint32_t shifted = keys_.keysyms.at(first + 1);
  return shift && shifted != 0 ? shifted : keys_.keysyms.at(first);
}

void TypingWindow::Add(std::string event) {
  absl::MutexLock lock(&mutex_);
  events_.push_back(std::move(event));
}

}  // namespace orch::agent

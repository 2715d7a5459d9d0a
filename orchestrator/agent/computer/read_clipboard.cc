#include "orchestrator/agent/computer/read_clipboard.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/x_connection.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/utf8.h"

namespace orch::agent {
namespace {

constexpr uint8_t kTypeMask = 0x7f;

// What ICCCM has in STRING.
std::string FromLatin1(absl::string_view latin1) {
  std::string utf8;
  for (const char c : latin1) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x80) utf8 += static_cast<char>(0xc0 | byte >> 6);
    utf8 += byte < 0x80 ? c : static_cast<char>(0x80 | (byte & 0x3f));
  }
  return utf8;
}

// One read of the clipboard, by the rules of X's ICCCM, section 2. Not thread-safe.
class ClipboardReader {
 public:
  ClipboardReader(XConnection& connection, absl::Time deadline)
      : connection_(connection), deadline_(deadline) {}

  absl::StatusOr<std::string> Read();

 private:
  // Waits for an event of `type` that `matches`.
  template <typename Event, typename Matches>
  absl::StatusOr<Event> Await(uint8_t type, Matches matches);
  // Asks the owner for `target`. Nothing: it does not have that.
  absl::StatusOr<std::optional<std::string>> Convert(xcb_atom_t target);
  // The property that the owner wrote, which is deleted by that. `type` is its type.
  absl::StatusOr<std::string> TakeProperty(xcb_atom_t& type);
  // The parts that follow when the owner hands it over piece by piece.
  absl::StatusOr<std::string> TakeParts();
  static absl::Status TooLarge();

  XConnection& connection_;
  const absl::Time deadline_;
  xcb_window_t window_ = 0;
  xcb_atom_t clipboard_ = 0;
  xcb_atom_t property_ = 0;
  xcb_atom_t incr_ = 0;
};

absl::Status ClipboardReader::TooLarge() {
  return absl::ResourceExhaustedError(absl::StrCat(
      "the clipboard holds more than ", kMaxClipboardBytes, " bytes, which is the limit"));
}

absl::StatusOr<std::string> ClipboardReader::Read() {
  ORCH_ASSIGN_OR_RETURN(clipboard_, connection_.Intern("CLIPBOARD"));
  ORCH_ASSIGN_OR_RETURN(property_, connection_.Intern("ORCHESTRATOR_CLIPBOARD"));
  ORCH_ASSIGN_OR_RETURN(incr_, connection_.Intern("INCR"));
  ORCH_ASSIGN_OR_RETURN(const xcb_atom_t utf8_string, connection_.Intern("UTF8_STRING"));
  xcb_connection_t* const x = connection_.get();
  const XReply<xcb_get_selection_owner_reply_t> owner(
      xcb_get_selection_owner_reply(x, xcb_get_selection_owner(x, clipboard_), nullptr));
  if (owner == nullptr) return XConnection::Unanswered();
  if (owner->owner == XCB_NONE) return "";
  window_ = xcb_generate_id(x);
  const uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_create_window(x, 0, window_, connection_.root(), 0, 0, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY,
                    XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> text, Convert(utf8_string));
  if (!text) {
    ORCH_ASSIGN_OR_RETURN(text, Convert(XCB_ATOM_STRING));
    if (text) text = FromLatin1(*text);
  }
  if (!text || !IsUtf8(*text)) {
    return absl::FailedPreconditionError("the clipboard holds something that is not text");
  }
  return *std::move(text);
}

template <typename Event, typename Matches>
absl::StatusOr<Event> ClipboardReader::Await(uint8_t type, Matches matches) {
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const XReply<xcb_generic_event_t> event,
                          connection_.NextEvent(deadline_));
    if (event == nullptr) {
      return absl::DeadlineExceededError(
          "the program that owns the clipboard does not hand its text over; it may be busy");
    }
    if ((event->response_type & kTypeMask) != type) continue;
    const auto* found = reinterpret_cast<const Event*>(event.get());
    if (matches(*found)) return *found;
  }
}

absl::StatusOr<std::optional<std::string>> ClipboardReader::Convert(xcb_atom_t target) {
  xcb_convert_selection(connection_.get(), window_, clipboard_, target, property_,
                        XCB_CURRENT_TIME);
  ORCH_RETURN_IF_ERROR(connection_.Flush());
  ORCH_ASSIGN_OR_RETURN(const auto notify,
                        Await<xcb_selection_notify_event_t>(
                            XCB_SELECTION_NOTIFY, [&](const xcb_selection_notify_event_t& event) {
                              return event.requestor == window_ && event.target == target;
                            }));
  if (notify.property == XCB_NONE) return std::optional<std::string>();
  xcb_atom_t type = XCB_NONE;
  ORCH_ASSIGN_OR_RETURN(std::string text, TakeProperty(type));
  if (type == incr_) {
    ORCH_ASSIGN_OR_RETURN(text, TakeParts());
  }
  return std::make_optional(std::move(text));
}

absl::StatusOr<std::string> ClipboardReader::TakeProperty(xcb_atom_t& type) {
  // In units of 4 bytes.
  constexpr uint32_t kMaxLength = kMaxClipboardBytes / 4;
  const auto cookie =
      xcb_get_property(connection_.get(), 1, window_, property_, XCB_ATOM_ANY, 0, kMaxLength);
  const XReply<xcb_get_property_reply_t> reply(
      xcb_get_property_reply(connection_.get(), cookie, nullptr));
  if (reply == nullptr) return XConnection::Unanswered();
  if (reply->bytes_after > 0) return TooLarge();
  type = reply->type;
  if (reply->format != 8) return "";
  return std::string(static_cast<const char*>(xcb_get_property_value(reply.get())),
                     static_cast<size_t>(xcb_get_property_value_length(reply.get())));
}

absl::StatusOr<std::string> ClipboardReader::TakeParts() {
  std::string text;
  while (true) {
    ORCH_RETURN_IF_ERROR(Await<xcb_property_notify_event_t>(
                             XCB_PROPERTY_NOTIFY,
                             [&](const xcb_property_notify_event_t& event) {
                               return event.window == window_ && event.atom == property_ &&
                                      event.state == XCB_PROPERTY_NEW_VALUE;
                             })
                             .status());
    xcb_atom_t type = XCB_NONE;
    ORCH_ASSIGN_OR_RETURN(const std::string part, TakeProperty(type));
    // The first event may be that of the announcement, whose property is gone.
    if (type == XCB_NONE) continue;
    if (part.empty()) return text;
    if (text.size() + part.size() > kMaxClipboardBytes) return TooLarge();
    text += part;
  }
}

}  // namespace

absl::StatusOr<std::string> ReadClipboard(const std::string& display, absl::Time deadline) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<XConnection> connection,
                        XConnection::Create(display));
  return ClipboardReader(*connection, deadline).Read();
}

}  // namespace orch::agent

#include "orchestrator/agent/computer/clipboard_owner.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint8_t kTypeMask = 0x7f;
// Of a request besides its data.
constexpr size_t kRequestBytes = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<ClipboardOwner>> ClipboardOwner::Create(const std::string& display,
                                                                       std::string text) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<XConnection> connection, XConnection::Create(display));
  // In units of 4 bytes.
  const size_t max = size_t{xcb_get_maximum_request_length(connection->get())} * 4;
  if (text.size() + kRequestBytes > max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("text has ", text.size(), " bytes; the X server takes ", max));
  }
  Atoms atoms;
  ORCH_ASSIGN_OR_RETURN(atoms.clipboard, connection->Intern("CLIPBOARD"));
  ORCH_ASSIGN_OR_RETURN(atoms.targets, connection->Intern("TARGETS"));
  ORCH_ASSIGN_OR_RETURN(atoms.utf8_string, connection->Intern("UTF8_STRING"));
  ORCH_ASSIGN_OR_RETURN(atoms.text_plain_utf8, connection->Intern("text/plain;charset=utf-8"));
  ORCH_ASSIGN_OR_RETURN(atoms.text_plain, connection->Intern("text/plain"));
  std::unique_ptr<ClipboardOwner> owner(
      new ClipboardOwner(std::move(connection), atoms, std::move(text)));
  ORCH_RETURN_IF_ERROR(owner->TakeOver());
  return owner;
}

ClipboardOwner::~ClipboardOwner() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) == sizeof(one)) thread_.join();
}

absl::Status ClipboardOwner::TakeOver() {
  stop_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
  if (!stop_.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  xcb_connection_t* const x = connection_->get();
  window_ = xcb_generate_id(x);
  xcb_create_window(x, 0, window_, connection_->root(), 0, 0, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY,
                    XCB_COPY_FROM_PARENT, 0, nullptr);
  xcb_set_selection_owner(x, window_, atoms_.clipboard, XCB_CURRENT_TIME);
  const XReply<xcb_get_selection_owner_reply_t> owner(
      xcb_get_selection_owner_reply(x, xcb_get_selection_owner(x, atoms_.clipboard), nullptr));
  if (owner == nullptr) return XConnection::Unanswered();
  if (owner->owner != window_) {
    return absl::UnavailableError("another program took the clipboard at once; try again");
  }
  thread_ = std::thread([this] { Serve(); });
  return absl::OkStatus();
}

void ClipboardOwner::Serve() {
  while (true) {
    const auto event = connection_->NextEvent(absl::InfinitePast());
    if (!event.ok()) return;
    if (*event != nullptr) {
      if (!Handle(**event)) return;
      continue;
    }
    pollfd readable[] = {
        {.fd = xcb_get_file_descriptor(connection_->get()), .events = POLLIN, .revents = 0},
        {.fd = stop_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(readable, std::size(readable), -1) < 0 && errno != EINTR) return;
    if (readable[1].revents != 0) return;
  }
}

bool ClipboardOwner::Handle(const xcb_generic_event_t& event) {
  switch (event.response_type & kTypeMask) {
    case XCB_SELECTION_CLEAR:
      owns_ = false;
      return false;
    case XCB_SELECTION_REQUEST:
      Answer(reinterpret_cast<const xcb_selection_request_event_t&>(event));
      return true;
    default:
      return true;
  }
}

void ClipboardOwner::Answer(const xcb_selection_request_event_t& request) {
  xcb_connection_t* const x = connection_->get();
  const xcb_atom_t texts[] = {atoms_.utf8_string, atoms_.text_plain_utf8, atoms_.text_plain,
                              XCB_ATOM_STRING};
  xcb_selection_notify_event_t notify = {};
  notify.response_type = XCB_SELECTION_NOTIFY;
  notify.time = request.time;
  notify.requestor = request.requestor;
  notify.selection = request.selection;
  notify.target = request.target;
  // Clients of old leave it out.
  notify.property = request.property == XCB_NONE ? request.target : request.property;
  if (request.target == atoms_.targets) {
    xcb_atom_t targets[std::size(texts) + 1] = {atoms_.targets};
    std::copy(std::begin(texts), std::end(texts), targets + 1);
    xcb_change_property(x, XCB_PROP_MODE_REPLACE, request.requestor, notify.property, XCB_ATOM_ATOM,
                        32, std::size(targets), targets);
  } else if (std::find(std::begin(texts), std::end(texts), request.target) != std::end(texts)) {
    xcb_change_property(x, XCB_PROP_MODE_REPLACE, request.requestor, notify.property,
                        request.target, 8, static_cast<uint32_t>(text_.size()), text_.data());
    ++answers_;
  } else {
    notify.property = XCB_NONE;
  }
  xcb_send_event(x, 0, request.requestor, XCB_EVENT_MASK_NO_EVENT,
                 reinterpret_cast<const char*>(&notify));
  xcb_flush(x);
}

}  // namespace orch::agent

#include "orchestrator/framing/link_connection.h"

#include "absl/strings/str_cat.h"

namespace orch {

absl::Status LinkConnection::Receive(absl::string_view payload) {
  if (payload.size() > kReceiveWindow - received_.size() - delivered_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the peer sent more than the window of ", kReceiveWindow, " bytes"));
  }
  received_.Append(payload);
  return absl::OkStatus();
}

absl::Status LinkConnection::ReceiveWindow(uint32_t bytes) {
  if (bytes == 0 || bytes > kReceiveWindow - send_window_) {
    return absl::OutOfRangeError(absl::StrCat("the peer gave back ", bytes, " bytes of ",
                                              kReceiveWindow - send_window_, " under way"));
  }
  send_window_ += bytes;
  return absl::OkStatus();
}

void LinkConnection::Delivered(size_t count) {
  received_.Take(count);
  delivered_ += static_cast<uint32_t>(count);
}

absl::optional<uint32_t> LinkConnection::TakeDueWindow() {
  if (delivered_ < kReceiveWindow / 4) return absl::nullopt;
  const uint32_t due = delivered_;
  delivered_ = 0;
  return due;
}

void LinkConnection::Sent(size_t count) { send_window_ -= static_cast<uint32_t>(count); }

}  // namespace orch

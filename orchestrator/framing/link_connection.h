#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

#include "orchestrator/framing/byte_queue.h"
#include "orchestrator/framing/frame.h"

namespace orch {

// The windows and the receive buffer of one connection, see frame.h; does no input or output. The
// same at both ends. Not thread-safe.
class LinkConnection {
 public:
  explicit LinkConnection(uint64_t id) : id_(id) {}

  uint64_t id() const { return id_; }

  // Takes the payload of a DATA frame. RESOURCE_EXHAUSTED: the peer sent more than the window.
  absl::Status Receive(absl::string_view payload);

  // Takes the number of a WINDOW frame. OUT_OF_RANGE: the peer gave back more than it was sent.
  absl::Status ReceiveWindow(uint32_t bytes);

  // Received and not delivered yet, oldest first.
  absl::string_view undelivered() const { return received_.front(); }

  // `count` bytes of undelivered() reached the reader.
  void Delivered(size_t count);

  // The number for a WINDOW frame that is due now, if one is: the reader took a quarter of the
  // window since the last one. Small ones would only cost.
  absl::optional<uint32_t> TakeDueWindow();

  // How many bytes of DATA may be sent now.
  size_t send_window() const { return send_window_; }

  // `count` bytes of DATA, at most send_window(), were sent.
  void Sent(size_t count);

 private:
  const uint64_t id_;
  ByteQueue received_;
  uint32_t delivered_ = 0;  // not given back yet; received_.size() + delivered_ <= kReceiveWindow
  uint32_t send_window_ = kReceiveWindow;
};

}  // namespace orch

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::gateway {

// Of what a VNC client says, all that looking takes: the handshake, and what it wants to be sent.
// Keys, the mouse, its clipboard and changes of the screen's size are left out, and so is its wish
// to be alone. What goes on is made of whole messages that are understood, so that nothing can hide
// in one. Not thread-safe. See RFC 6143 sections 7.1, 7.3.1 and 7.5, and the RFB protocol of the
// community for later messages.
class RfbViewer {
 public:
  // What of `bytes`, which follow those of the calls before, goes to the server. Keeps at most one
  // message. INVALID_ARGUMENT: this is no RFB 3.7 or 3.8 without a password, or a message that is
  // not known or too long; the connection is good for nothing then.
  absl::StatusOr<std::string> Pass(absl::string_view bytes);

 private:
  enum class Stage { kVersion, kSecurity, kInit, kMessages };
  struct Message {
    size_t size = 0;
    bool passes = false;
  };

  // What `bytes`, which are some, begin with; nothing when more are needed to tell.
  absl::StatusOr<std::optional<Message>> Next(absl::string_view bytes) const;
  static absl::StatusOr<std::optional<Message>> NextInSession(absl::string_view bytes);
  // `message`, as it goes on; the next one is of the next stage.
  std::string Take(absl::string_view message);

  Stage stage_ = Stage::kVersion;
  // The beginning of a message.
  std::string pending_;
  // So much of what comes is of a message that does not go on.
  uint64_t skip_ = 0;
};

}  // namespace orch::gateway

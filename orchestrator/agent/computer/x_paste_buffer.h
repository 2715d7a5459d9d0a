#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "orchestrator/agent/computer/clipboard_owner.h"
#include "orchestrator/agent/computer/paste_buffer.h"

namespace orch::agent {

// The clipboard of an X server as a paste buffer. Only text can be put back.
class XPasteBuffer final : public PasteBuffer {
 public:
  // How long a program may take to paste; it may have little time.
  static constexpr absl::Duration kTakeTime = absl::Seconds(10);
  // Programs ask more than once; one that has not for so long is done.
  static constexpr absl::Duration kQuietTime = absl::Milliseconds(500);

  struct Options {
    std::string display;
    // Waits; not OK once the call is cancelled.
    std::function<absl::Status(absl::Duration)> pause;
    // Makes a text the clipboard's for good.
    std::function<absl::Status(const std::string&)> put_back;
  };

  explicit XPasteBuffer(Options options) : options_(std::move(options)) {}

  absl::Status Offer(const std::string& text) override;
  absl::Status AwaitTaken() override;
  absl::Status Restore() override;

 private:
  absl::Status Keep();

  const Options options_;
  // What was there before.
  std::optional<std::string> kept_;
  // Null unless something is offered.
  std::unique_ptr<ClipboardOwner> owner_;
};

}  // namespace orch::agent

#include "orchestrator/agent/computer/x_paste_buffer.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/agent/computer/read_clipboard.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// How often the clipboard's thread is asked how far it has come.
constexpr absl::Duration kInterval = absl::Milliseconds(20);

}  // namespace

absl::Status XPasteBuffer::Keep() {
  if (kept_.has_value()) return absl::OkStatus();
  absl::StatusOr<std::string> text = ReadClipboard(options_.display, absl::Now() + kTakeTime);
  // What is no text, too large or not handed over cannot be put back.
  if (absl::IsUnavailable(text.status())) return text.status();
  kept_ = text.ok() ? *std::move(text) : "";
  return absl::OkStatus();
}

absl::Status XPasteBuffer::Offer(const std::string& text) {
  ORCH_RETURN_IF_ERROR(Keep());
  ORCH_ASSIGN_OR_RETURN(owner_, ClipboardOwner::Create(options_.display, text));
  return absl::OkStatus();
}

absl::Status XPasteBuffer::AwaitTaken() {
  absl::Duration waited;
  absl::Duration quiet;
  uint64_t answers = 0;
  while (answers == 0 ? waited < kTakeTime : quiet < kQuietTime) {
    ORCH_RETURN_IF_ERROR(options_.pause(kInterval));
    waited += kInterval;
    quiet += kInterval;
    const uint64_t now = owner_->answers();
    if (now != answers) quiet = absl::ZeroDuration();
    answers = now;
  }
  if (answers > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("no program pasted for ", absl::FormatDuration(kTakeTime),
                   ": characters beyond U+FFFF are pasted with Shift+Insert; click into a text "
                   "field first"));
}

absl::Status XPasteBuffer::Restore() {
  const bool ours = owner_ != nullptr && owner_->owns();
  absl::Status status;
  if (ours && !kept_.value_or("").empty()) status = options_.put_back(*kept_);
  owner_.reset();
  kept_.reset();
  return status;
}

}  // namespace orch::agent

#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace orch::agent {

// The largest text that is read from the clipboard or put there. An ordinary gRPC client takes no
// message of more than 4 MiB.
inline constexpr size_t kMaxClipboardBytes = size_t{1} << 20;

// The text in the clipboard of an X server; "" when it is empty. Blocks until its owner hands it
// over.
//
// UNAVAILABLE: nothing answers at `display`. FAILED_PRECONDITION: the clipboard holds no text.
// RESOURCE_EXHAUSTED: more than kMaxClipboardBytes. DEADLINE_EXCEEDED: nothing comes until
// `deadline`.
absl::StatusOr<std::string> ReadClipboard(const std::string& display, absl::Time deadline);

}  // namespace orch::agent

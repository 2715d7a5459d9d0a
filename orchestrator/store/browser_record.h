#pragma once

#include <cstddef>

#include "absl/status/status.h"

#include "orchestrator/model/browser.h"

namespace orch {

// Limits of a record. They are far above what the daemon writes; what is beyond them was not
// written by it.
inline constexpr size_t kMaxFailureReasonBytes = 1 << 20;
inline constexpr size_t kMaxImageNameBytes = 4096;
inline constexpr size_t kMaxImageDigestBytes = 4096;
inline constexpr uint32_t kMaxVcpus = 65536;
inline constexpr uint32_t kMaxViewportPx = 65536;

// Checks what model/browser.h promises of a record, and the limits above. Every store checks each
// record on its way in, and those that read from outside the process check it again on its way out.
//
// INVALID_ARGUMENT: the message names the browser, the field and the limit. Times must lie after
// 1970 and before 2262, what a 64-bit count of nanoseconds holds.
absl::Status ValidateBrowserRecord(const Browser& browser);

}  // namespace orch

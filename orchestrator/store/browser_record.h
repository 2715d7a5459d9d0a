#pragma once

#include <cstddef>

#include "absl/status/status.h"

#include "orchestrator/model/browser.h"

namespace orch {

// Limits of a browser's record, besides those of record_checks.h.
inline constexpr size_t kMaxFailureReasonBytes = 1 << 20;
inline constexpr size_t kMaxImageDigestBytes = 4096;
inline constexpr size_t kMaxTemplateKeyBytes = 4096;

// Checks what model/browser.h promises of a record, and the limits. Every store checks each record
// on its way in, and those that read from outside the process check it again on its way out.
//
// INVALID_ARGUMENT: the message names the browser, the field and the limit.
absl::Status ValidateBrowserRecord(const Browser& browser);

}  // namespace orch

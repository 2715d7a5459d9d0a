#pragma once

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/model/browser.h"

namespace orch {

// Limits of a record. They are far above what the daemon writes; what is beyond them was not
// written by it.
inline constexpr size_t kMaxImageNameBytes = 4096;
inline constexpr uint32_t kMaxVcpus = 65536;
inline constexpr uint32_t kMaxViewportPx = 65536;
inline constexpr absl::Duration kMaxRecordDuration = absl::Hours(24 * 365);

// Checks of the parts that several kinds of records share. `record` names the record in messages
// ("record of browser abc..."). All are pure and return INVALID_ARGUMENT.

// Times must lie after 1970 and before 2262, what a 64-bit count of nanoseconds holds.
absl::Status CheckRecordTime(absl::string_view record, absl::string_view field,
                             const std::optional<absl::Time>& time);

absl::Status CheckRecordLength(absl::string_view record, absl::string_view field, size_t bytes,
                               size_t max_bytes);

// Generations count from 1, and the store keeps signed numbers.
absl::Status CheckRecordGeneration(absl::string_view record, absl::string_view field,
                                   uint64_t generation);

absl::Status CheckRecordSpec(absl::string_view record, const BrowserSpec& spec);

}  // namespace orch

#include "orchestrator/store/record_checks.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

absl::Status Invalid(absl::string_view record, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(record, ": ", what));
}

absl::Status CheckDuration(absl::string_view record, absl::string_view field,
                           absl::Duration duration) {
  if (duration >= absl::ZeroDuration() && duration <= kMaxRecordDuration) return absl::OkStatus();
  return Invalid(record, absl::StrCat(field, " is ", absl::FormatDuration(duration),
                                      ", must be 0 to ", absl::FormatDuration(kMaxRecordDuration)));
}

}  // namespace

absl::Status CheckRecordTime(absl::string_view record, absl::string_view field,
                             const std::optional<absl::Time>& time) {
  if (!time.has_value()) return absl::OkStatus();
  if (*time >= absl::UnixEpoch() &&
      *time <= absl::FromUnixNanos(std::numeric_limits<int64_t>::max())) {
    return absl::OkStatus();
  }
  return Invalid(record, absl::StrCat(field, " is ", absl::FormatTime(*time, absl::UTCTimeZone()),
                                      ", must be from 1970 to 2262"));
}

absl::Status CheckRecordLength(absl::string_view record, absl::string_view field, size_t bytes,
                               size_t max_bytes) {
  if (bytes <= max_bytes) return absl::OkStatus();
  return Invalid(record,
                 absl::StrCat(field, " has ", bytes, " bytes, must be at most ", max_bytes));
}

absl::Status CheckRecordGeneration(absl::string_view record, absl::string_view field,
                                   uint64_t generation) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (generation >= 1 && generation <= kMax) return absl::OkStatus();
  return Invalid(record, absl::StrCat(field, " is ", generation, ", must be 1 to ", kMax));
}

absl::Status CheckRecordSpec(absl::string_view record, const BrowserSpec& spec) {
  ORCH_RETURN_IF_ERROR(CheckRecordLength(record, "image", spec.image.size(), kMaxImageNameBytes));
  if (spec.vcpus > kMaxVcpus) {
    return Invalid(record, absl::StrCat("vcpus is ", spec.vcpus, ", must be at most ", kMaxVcpus));
  }
  ORCH_RETURN_IF_ERROR(CheckDuration(record, "timeout", spec.timeout));
  if (spec.standby_after.has_value() && *spec.standby_after != absl::InfiniteDuration()) {
    ORCH_RETURN_IF_ERROR(CheckDuration(record, "standby_after", *spec.standby_after));
  }
  if (!spec.viewport.has_value()) return absl::OkStatus();
  for (const uint32_t pixels : {spec.viewport->width_px, spec.viewport->height_px}) {
    if (pixels < 1 || pixels > kMaxViewportPx) {
      return Invalid(record, absl::StrCat("viewport is ", spec.viewport->width_px, "x",
                                          spec.viewport->height_px, ", must be 1 to ",
                                          kMaxViewportPx, " pixels each way"));
    }
  }
  return absl::OkStatus();
}

}  // namespace orch

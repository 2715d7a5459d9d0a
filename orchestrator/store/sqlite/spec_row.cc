#include "orchestrator/store/sqlite/spec_row.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// Offsets from the first column.
enum Offset {
  kImage,
  kHeadless,
  kMemoryMib,
  kVcpus,
  kViewportWidth,
  kViewportHeight,
  kKioskMode,
  kTimeout,
  kStandbyAfter,
};
static_assert(kStandbyAfter + 1 == kSpecColumnCount);

// `standby_after_ns` of a browser that never goes into standby. NULL stands for "absent".
constexpr int64_t kNeverNs = -1;

absl::StatusOr<std::optional<Viewport>> ReadViewport(const RowReader& row, int first) {
  if (row.IsNull(first + kViewportWidth) && row.IsNull(first + kViewportHeight)) {
    return std::nullopt;
  }
  ORCH_ASSIGN_OR_RETURN(const uint32_t width, row.Unsigned(first + kViewportWidth));
  ORCH_ASSIGN_OR_RETURN(const uint32_t height, row.Unsigned(first + kViewportHeight));
  return Viewport{.width_px = width, .height_px = height};
}

absl::StatusOr<std::optional<absl::Duration>> ReadStandbyAfter(const RowReader& row, int index) {
  if (row.IsNull(index)) return std::nullopt;
  ORCH_ASSIGN_OR_RETURN(const int64_t value,
                        row.Integer(index, kNeverNs, std::numeric_limits<int64_t>::max()));
  return value == kNeverNs ? absl::InfiniteDuration() : absl::Nanoseconds(value);
}

}  // namespace

void BindSpec(SQLite::Statement& statement, int first, const BrowserSpec& spec) {
  const int parameter = first + 1;
  statement.bind(parameter + kImage, spec.image);
  statement.bind(parameter + kHeadless, spec.headless ? 1 : 0);
  statement.bind(parameter + kMemoryMib, spec.memory_mib);
  statement.bind(parameter + kVcpus, spec.vcpus);
  if (spec.viewport.has_value()) {
    statement.bind(parameter + kViewportWidth, spec.viewport->width_px);
    statement.bind(parameter + kViewportHeight, spec.viewport->height_px);
  } else {
    statement.bind(parameter + kViewportWidth);
    statement.bind(parameter + kViewportHeight);
  }
  statement.bind(parameter + kKioskMode, spec.kiosk_mode ? 1 : 0);
  statement.bind(parameter + kTimeout, absl::ToInt64Nanoseconds(spec.timeout));
  if (!spec.standby_after.has_value()) {
    statement.bind(parameter + kStandbyAfter);
  } else if (*spec.standby_after == absl::InfiniteDuration()) {
    statement.bind(parameter + kStandbyAfter, kNeverNs);
  } else {
    statement.bind(parameter + kStandbyAfter, absl::ToInt64Nanoseconds(*spec.standby_after));
  }
}

absl::StatusOr<BrowserSpec> ReadSpec(const RowReader& row, int first) {
  BrowserSpec spec;
  spec.image = row.Text(first + kImage);
  ORCH_ASSIGN_OR_RETURN(spec.headless, row.Boolean(first + kHeadless));
  ORCH_ASSIGN_OR_RETURN(spec.memory_mib, row.Unsigned(first + kMemoryMib));
  ORCH_ASSIGN_OR_RETURN(spec.vcpus, row.Unsigned(first + kVcpus));
  ORCH_ASSIGN_OR_RETURN(spec.viewport, ReadViewport(row, first));
  ORCH_ASSIGN_OR_RETURN(spec.kiosk_mode, row.Boolean(first + kKioskMode));
  ORCH_ASSIGN_OR_RETURN(const int64_t timeout,
                        row.Integer(first + kTimeout, 0, std::numeric_limits<int64_t>::max()));
  spec.timeout = absl::Nanoseconds(timeout);
  ORCH_ASSIGN_OR_RETURN(spec.standby_after, ReadStandbyAfter(row, first + kStandbyAfter));
  return spec;
}

}  // namespace orch

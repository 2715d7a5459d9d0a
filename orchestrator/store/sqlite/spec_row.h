#pragma once

#include "SQLiteCpp/Statement.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/store/sqlite/row_reader.h"

namespace orch {

// The columns of a BrowserSpec, which tables `browsers` and `pools` have both, in the order that
// BindSpec and ReadSpec use.
inline constexpr char kSpecColumns[] =
    "image, headless, memory_mib, vcpus, viewport_width_px, viewport_height_px, kiosk_mode, "
    "timeout_ns, standby_after_ns";
inline constexpr int kSpecColumnCount = 9;

// Binds `spec`, which is valid, to the parameters of columns `first`.. of `statement`. Throws
// SQLite::Exception.
void BindSpec(SQLite::Statement& statement, int first, const BrowserSpec& spec);

// Reads the spec in columns `first`.. of `row`. DATA_LOSS: it cannot be what BindSpec wrote. Throws
// SQLite::Exception.
absl::StatusOr<BrowserSpec> ReadSpec(const RowReader& row, int first);

}  // namespace orch

#pragma once

#include "SQLiteCpp/Statement.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/browser.h"

namespace orch {

// The columns of table `browsers`, in the order that BindBrowser and ReadBrowser use.
inline constexpr char kBrowserColumns[] =
    "session_id, state, failure_reason, created_at_ns, ready_at_ns, ended_at_ns, image, "
    "image_digest, headless, "
    "memory_mib, vcpus, viewport_width_px, viewport_height_px, kiosk_mode";
inline constexpr int kBrowserColumnCount = 14;

// Binds `browser`, which is valid, to parameters 1.. of `statement`. Throws SQLite::Exception.
void BindBrowser(SQLite::Statement& statement, const Browser& browser);

// Reads the row on which `statement` stands. Throws SQLite::Exception.
//
// DATA_LOSS: the row cannot be what PutBrowser wrote; the message names table, id and column.
absl::StatusOr<Browser> ReadBrowser(SQLite::Statement& statement);

}  // namespace orch

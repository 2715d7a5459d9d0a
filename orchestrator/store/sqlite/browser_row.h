#pragma once

#include "SQLiteCpp/Statement.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/browser.h"

namespace orch {

// The columns of table `browsers` before those of its spec (kSpecColumns), in the order that
// BindBrowser and ReadBrowser use.
inline constexpr char kBrowserColumns[] =
    "session_id, state, failure_reason, created_at_ns, ready_at_ns, acquired_at_ns, ended_at_ns, "
    "image_digest, pool_id, pool_generation, vm_id, template_key, template_build, standby_level";
inline constexpr int kBrowserColumnCount = 14;

// Binds `browser`, which is valid, to parameters 1.. of `statement`. Throws SQLite::Exception.
void BindBrowser(SQLite::Statement& statement, const Browser& browser);

// Reads the row on which `statement` stands. Throws SQLite::Exception.
//
// DATA_LOSS: the row cannot be what PutBrowser wrote; the message names table, id and column.
absl::StatusOr<Browser> ReadBrowser(SQLite::Statement& statement);

}  // namespace orch

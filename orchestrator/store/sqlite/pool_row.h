#pragma once

#include "SQLiteCpp/Statement.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/pool.h"

namespace orch {

// The columns of table `pools` before those of its browsers' spec (kSpecColumns), in the order that
// BindPool and ReadPool use.
inline constexpr char kPoolColumns[] =
    "pool_id, name, size, fill_rate_per_minute, generation, discards_before, created_at_ns";
inline constexpr int kPoolColumnCount = 7;

// Binds `pool`, which is valid, to parameters 1.. of `statement`. Throws SQLite::Exception.
void BindPool(SQLite::Statement& statement, const Pool& pool);

// Reads the row on which `statement` stands. Throws SQLite::Exception.
//
// DATA_LOSS: the row cannot be what PutPool wrote; the message names table, id and column.
absl::StatusOr<Pool> ReadPool(SQLite::Statement& statement);

}  // namespace orch

#pragma once

#include "SQLiteCpp/Database.h"
#include "absl/status/status.h"

namespace orch {

// The newest schema that this program knows, kept in `PRAGMA user_version`.
int LatestSchemaVersion();

// Brings the database of `connection` to the latest schema, one transaction for each version. An
// empty database counts as version 0. A crash leaves a whole version behind, never half of one.
// Throws SQLite::Exception.
//
// FAILED_PRECONDITION: a newer program wrote it. DATA_LOSS: it is some other program's database.
absl::Status MigrateSchema(SQLite::Database& connection);

}  // namespace orch

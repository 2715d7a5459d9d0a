#include "orchestrator/store/sqlite/sqlite_schema.h"

#include <array>
#include <cstdint>

#include "SQLiteCpp/Transaction.h"
#include "absl/strings/str_cat.h"

namespace orch {
namespace {

// "orch"; file(1) shows it, and it tells our files from those of others.
constexpr int64_t kApplicationId = 0x6f726368;

// Statements that lead from version i to version i + 1. Published ones are never changed, only
// added to.
constexpr std::array<const char*, 1> kMigrations = {
    R"sql(
    CREATE TABLE browsers (
      session_id         TEXT    PRIMARY KEY,
      state              INTEGER NOT NULL,
      failure_reason     TEXT    NOT NULL,
      created_at_ns      INTEGER NOT NULL,
      ready_at_ns        INTEGER,
      ended_at_ns        INTEGER,
      image              TEXT    NOT NULL,
      image_digest       TEXT    NOT NULL,
      headless           INTEGER NOT NULL,
      memory_mib         INTEGER NOT NULL,
      vcpus              INTEGER NOT NULL,
      viewport_width_px  INTEGER,
      viewport_height_px INTEGER,
      kiosk_mode         INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX browsers_by_age ON browsers (created_at_ns DESC, session_id);
    -- Records of ended browsers are kept; a list of the others must not walk over them.
    CREATE INDEX live_browsers_by_age ON browsers (created_at_ns DESC, session_id) WHERE state NOT IN (6, 7);
    )sql",
};

int64_t Number(SQLite::Database& connection, const char* query) {
  return connection.execAndGet(query).getInt64();
}

}  // namespace

int LatestSchemaVersion() { return static_cast<int>(kMigrations.size()); }

absl::Status MigrateSchema(SQLite::Database& connection) {
  const bool ours = Number(connection, "PRAGMA application_id") == kApplicationId;
  if (!ours && Number(connection, "SELECT count(*) FROM sqlite_master") > 0) {
    return absl::DataLossError(absl::StrCat(
        connection.getFilename(),
        " is a database of another program: name another file, or move this one away"));
  }
  const int64_t version = Number(connection, "PRAGMA user_version");
  if (version > LatestSchemaVersion()) {
    return absl::FailedPreconditionError(absl::StrCat(
        connection.getFilename(), " has schema version ", version, ", this program knows up to ",
        LatestSchemaVersion(), ": run the newer version that wrote it, or move the file away"));
  }
  if (version < 0) {
    return absl::DataLossError(absl::StrCat(connection.getFilename(), " has schema version ",
                                            version, ", which cannot be: restore a backup"));
  }
  for (int from = static_cast<int>(version); from < LatestSchemaVersion(); ++from) {
    SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
    connection.exec(kMigrations[static_cast<size_t>(from)]);
    connection.exec(absl::StrCat("PRAGMA application_id = ", kApplicationId));
    connection.exec(absl::StrCat("PRAGMA user_version = ", from + 1));
    transaction.commit();
  }
  return absl::OkStatus();
}

}  // namespace orch

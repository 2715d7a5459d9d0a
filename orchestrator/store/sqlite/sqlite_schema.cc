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
constexpr std::array<const char*, 4> kMigrations = {
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
    R"sql(
    -- Browsers of version 1 knew neither a timeout nor standby: they keep as much of that as they can, the longest
    -- timeout (72 h) and no standby (-1).
    ALTER TABLE browsers ADD COLUMN timeout_ns       INTEGER NOT NULL DEFAULT 259200000000000;
    ALTER TABLE browsers ADD COLUMN standby_after_ns INTEGER DEFAULT -1;
    ALTER TABLE browsers ADD COLUMN acquired_at_ns   INTEGER;
    ALTER TABLE browsers ADD COLUMN pool_id          TEXT;
    ALTER TABLE browsers ADD COLUMN pool_generation  INTEGER;
    ALTER TABLE browsers ADD COLUMN vm_id            TEXT;
    ALTER TABLE browsers ADD COLUMN template_key     TEXT    NOT NULL DEFAULT '';
    ALTER TABLE browsers ADD COLUMN standby_level    INTEGER NOT NULL DEFAULT 0;
    -- A machine had its browser's id.
    UPDATE browsers SET vm_id = session_id WHERE state NOT IN (6, 7);
    CREATE TABLE pools (
      pool_id              TEXT    PRIMARY KEY,
      name                 TEXT    NOT NULL,
      size                 INTEGER NOT NULL,
      fill_rate_per_minute INTEGER NOT NULL,
      generation           INTEGER NOT NULL,
      created_at_ns        INTEGER NOT NULL,
      image                TEXT    NOT NULL,
      headless             INTEGER NOT NULL,
      memory_mib           INTEGER NOT NULL,
      vcpus                INTEGER NOT NULL,
      viewport_width_px    INTEGER,
      viewport_height_px   INTEGER,
      kiosk_mode           INTEGER NOT NULL,
      timeout_ns           INTEGER NOT NULL,
      standby_after_ns     INTEGER
    ) STRICT, WITHOUT ROWID;
    )sql",
    R"sql(
    ALTER TABLE pools ADD COLUMN discards_before INTEGER NOT NULL DEFAULT 1;
    -- Which build of their template browsers of version 2 are clones of is not known ('').
    ALTER TABLE browsers ADD COLUMN template_build TEXT NOT NULL DEFAULT '';
    )sql",
    R"sql(
    CREATE TABLE keys (
      key_id        TEXT    PRIMARY KEY,
      name          TEXT    NOT NULL,
      secret_hash   TEXT    NOT NULL UNIQUE,
      created_at_ns INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
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

#include "orchestrator/store/sqlite/sqlite_key_store.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/key_record.h"
#include "orchestrator/store/sqlite/row_reader.h"
#include "orchestrator/store/sqlite/sqlite_connection.h"
#include "orchestrator/store/sqlite/sqlite_status.h"

namespace orch {
namespace {

enum Index { kKeyId, kName, kSecretHash, kCreatedAt };

constexpr int kBusyTimeoutMs = 5000;

absl::StatusOr<ApiKey> ReadKey(SQLite::Statement& statement) {
  const RowReader row(statement, "keys", "key_id");
  absl::StatusOr<ApiKeyId> id = ApiKeyId::Parse(row.id());
  if (!id.ok()) return row.Damaged(id.status().message());
  ApiKey key{.id = *std::move(id),
             .name = row.Text(kName),
             .secret_hash = row.Text(kSecretHash),
             .created_at = {}};
  ORCH_ASSIGN_OR_RETURN(key.created_at, row.Time(kCreatedAt));
  if (const absl::Status valid = ValidateKeyRecord(key); !valid.ok())
    return row.Damaged(valid.message());
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteKeyStore>> SqliteKeyStore::Create(const std::string& path) {
  // Makes the file and brings its schema up to date.
  ORCH_RETURN_IF_ERROR(SqliteConnection::Open(path).status());
  return WithoutExceptions(
      "open the database", path, [&]() -> absl::StatusOr<std::unique_ptr<SqliteKeyStore>> {
        SQLite::Database database(path, SQLite::OPEN_READWRITE, kBusyTimeoutMs);
        // With WAL, NORMAL would lose the last commits at a power failure.
        database.exec("PRAGMA synchronous = FULL");
        return std::unique_ptr<SqliteKeyStore>(new SqliteKeyStore(std::move(database)));
      });
}

SqliteKeyStore::SqliteKeyStore(SQLite::Database database)
    : database_(std::move(database)),
      put_(database_,
           "INSERT OR REPLACE INTO keys (key_id, name, secret_hash, created_at_ns) VALUES (?, ?, "
           "?, ?)"),
      delete_(database_, "DELETE FROM keys WHERE key_id = ?"),
      list_(database_,
            "SELECT key_id, name, secret_hash, created_at_ns FROM keys ORDER BY created_at_ns "
            "DESC, key_id") {}

absl::Status SqliteKeyStore::PutKey(const ApiKey& key) {
  ORCH_RETURN_IF_ERROR(ValidateKeyRecord(key));
  absl::MutexLock lock(&mutex_);
  const absl::Cleanup reset = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { put_.tryReset(); };
  return WithoutExceptions(absl::StrCat("write key ", key.id.value()), database_.getFilename(),
                           [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
                             put_.bind(kKeyId + 1, key.id.value());
                             put_.bind(kName + 1, key.name);
                             put_.bind(kSecretHash + 1, key.secret_hash);
                             put_.bind(kCreatedAt + 1, absl::ToUnixNanos(key.created_at));
                             put_.exec();
                             return absl::OkStatus();
                           });
}

absl::Status SqliteKeyStore::DeleteKey(const ApiKeyId& id) {
  absl::MutexLock lock(&mutex_);
  const absl::Cleanup reset = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { delete_.tryReset(); };
  return WithoutExceptions(
      absl::StrCat("delete key ", id.value()), database_.getFilename(),
      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::Status {
        delete_.bind(1, id.value());
        if (delete_.exec() > 0) return absl::OkStatus();
        return absl::NotFoundError(absl::StrCat("there is no key ", id.value()));
      });
}

absl::StatusOr<std::vector<ApiKey>> SqliteKeyStore::ListKeys() {
  absl::MutexLock lock(&mutex_);
  const absl::Cleanup reset = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { list_.tryReset(); };
  return WithoutExceptions(
      "list keys", database_.getFilename(),
      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::vector<ApiKey>> {
        std::vector<ApiKey> keys;
        while (list_.executeStep()) {
          ORCH_ASSIGN_OR_RETURN(ApiKey key, ReadKey(list_));
          keys.push_back(std::move(key));
        }
        return keys;
      });
}

}  // namespace orch

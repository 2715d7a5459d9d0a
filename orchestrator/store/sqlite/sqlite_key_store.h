#pragma once

#include <memory>
#include <string>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/store/key_store.h"

namespace orch {

// A KeyStore in the table `keys` of the daemon's database, over a connection of its own.
// Thread-safe. Its mutex is held while the disk is waited for: it stands for the connection, which
// only one thread may use.
class SqliteKeyStore : public KeyStore {
 public:
  // Opens `path` as SqliteStateStore::Create does.
  static absl::StatusOr<std::unique_ptr<SqliteKeyStore>> Create(const std::string& path);

  absl::Status PutKey(const ApiKey& key) override;
  absl::Status DeleteKey(const ApiKeyId& id) override;
  absl::StatusOr<std::vector<ApiKey>> ListKeys() override;

 private:
  // Throws SQLite::Exception.
  explicit SqliteKeyStore(SQLite::Database database);

  absl::Mutex mutex_;
  SQLite::Database database_ ABSL_GUARDED_BY(mutex_);
  SQLite::Statement put_ ABSL_GUARDED_BY(mutex_);
  SQLite::Statement delete_ ABSL_GUARDED_BY(mutex_);
  SQLite::Statement list_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

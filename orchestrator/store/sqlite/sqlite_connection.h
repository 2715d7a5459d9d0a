#pragma once

#include <memory>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/store/state_store.h"

namespace orch {

// One connection to the database with its prepared statements. Used by one thread at a time: SQLite
// shares neither a connection nor a statement between threads (SqliteConnectionPool hands them
// out). Blocks on the disk.
class SqliteConnection {
 public:
  // Opens `path`, creates it (mode 0600) when missing, and brings it to the latest schema. Errors:
  // see SqliteStateStore::Create.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path);

  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Reads every page. DATA_LOSS: the file is damaged.
  absl::Status CheckIntegrity();

  // As in StateStore.
  absl::Status PutBrowser(const Browser& browser);
  absl::StatusOr<Browser> GetBrowser(const SessionId& id);
  absl::StatusOr<std::vector<Browser>> ListBrowsers(const BrowserQuery& query);
  absl::Status PutPool(const Pool& pool);
  absl::Status DeletePool(const PoolId& id);
  absl::StatusOr<std::vector<Pool>> ListPools();

 private:
  // Takes a connection whose schema is the latest. Throws SQLite::Exception.
  explicit SqliteConnection(SQLite::Database database);

  SQLite::Database database_;
  SQLite::Statement put_browser_;
  SQLite::Statement get_browser_;
  SQLite::Statement list_browsers_;
  // For queries without ended browsers: uses the index that has none of them.
  SQLite::Statement list_live_browsers_;
  SQLite::Statement put_pool_;
  SQLite::Statement delete_pool_;
  SQLite::Statement list_pools_;
};

}  // namespace orch

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/functional/function_ref.h"
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

  // Whether a power failure must not undo the writing of `browser`. A machine ends with its host,
  // and then its browser fails whichever of its states was written last; what a host's end does not
  // change anyway are that a browser exists, that it ended, and the sleep on disk.
  bool OutlivesHost(const Browser& browser);

  // Runs `work`, which writes, as one transaction: all of it is kept, or nothing on an error.
  // `synced`: it survives a power failure; else the death of this process.
  absl::Status InTransaction(bool synced, absl::FunctionRef<absl::Status()> work);

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
  // What PRAGMA synchronous is.
  bool synced_ = true;
  SQLite::Statement begin_;
  SQLite::Statement commit_;
  SQLite::Statement put_browser_;
  SQLite::Statement sleeps_on_disk_;
  SQLite::Statement get_browser_;
  SQLite::Statement list_browsers_;
  // For queries without ended browsers: uses the index that has none of them.
  SQLite::Statement list_live_browsers_;
  SQLite::Statement put_pool_;
  SQLite::Statement delete_pool_;
  SQLite::Statement list_pools_;
};

}  // namespace orch

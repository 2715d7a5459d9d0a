#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/store/state_store.h"

namespace orch {

class SqliteConnectionPool;
class SqliteWriter;

// A StateStore in one SQLite file (with a -wal and a -shm file beside it). Thread-safe.
//
// One connection writes and a few read: SQLite allows one writer at a time, and in WAL mode readers
// neither wait for it nor hold it up. A write that returned OK survives kill -9, and a
// power failure when that leaves anything of what it says (see SqliteConnection::OutlivesHost). One
// process owns the file; others may read it, and one that writes makes calls wait for up to 5 s.
// Times are kept as nanoseconds since 1970, UTC; rows are checked whenever they are read.
class SqliteStateStore : public StateStore {
 public:
  // Opens the database at `path`, or creates it, and checks all of it. Blocks, in proportion to the
  // file's size.
  //
  // DATA_LOSS: the file is damaged or is not ours. FAILED_PRECONDITION: a newer version of this
  // program wrote it. UNAVAILABLE: the disk is full or read-only, the folder is missing, or another
  // process holds the file.
  static absl::StatusOr<std::unique_ptr<SqliteStateStore>> Create(const std::string& path);

  ~SqliteStateStore() override;
  SqliteStateStore(const SqliteStateStore&) = delete;
  SqliteStateStore& operator=(const SqliteStateStore&) = delete;

  absl::Status PutBrowser(const Browser& browser) override;
  absl::StatusOr<Browser> GetBrowser(const SessionId& id) override;
  absl::StatusOr<std::vector<Browser>> ListBrowsers(const BrowserQuery& query) override;
  absl::Status PutPool(const Pool& pool) override;
  absl::Status DeletePool(const PoolId& id) override;
  absl::StatusOr<std::vector<Pool>> ListPools() override;

 private:
  SqliteStateStore(std::unique_ptr<SqliteWriter> writer,
                   std::unique_ptr<SqliteConnectionPool> readers);

  std::unique_ptr<SqliteWriter> writer_;
  std::unique_ptr<SqliteConnectionPool> readers_;
};

}  // namespace orch

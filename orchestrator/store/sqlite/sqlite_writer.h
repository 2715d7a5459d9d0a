#pragma once

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/store/sqlite/sqlite_connection.h"

namespace orch {

// Writes for many threads: those that wait at the same time share a transaction, and with it one
// sync of the disk. Thread-safe; the mutex is not held while SQLite runs.
class SqliteWriter {
 public:
  explicit SqliteWriter(std::unique_ptr<SqliteConnection> connection)
      : connection_(std::move(connection)) {}
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  // Returns what `write` returns, once that is kept: through this process's death, and through the
  // host's when `must_be_synced` says so. Both are called on some thread, in the order of arrival.
  // An error that is not INVALID_ARGUMENT may be that of another write in the same transaction;
  // then none of them happened.
  absl::Status Write(absl::FunctionRef<bool(SqliteConnection&)> must_be_synced,
                     absl::FunctionRef<absl::Status(SqliteConnection&)> write);

 private:
  struct Waiting {
    absl::FunctionRef<bool(SqliteConnection&)> must_be_synced;
    absl::FunctionRef<absl::Status(SqliteConnection&)> write;
    absl::Status status;
    bool done = false;
  };

  // Writes for those in `batch` and fills in their statuses. One thread at a time.
  void WriteAll(const std::vector<Waiting*>& batch);

  const std::unique_ptr<SqliteConnection> connection_;
  absl::Mutex mutex_;
  // Some thread writes what was taken from `waiting_`.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Waiting*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

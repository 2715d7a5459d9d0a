#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/store/sqlite/sqlite_connection.h"

namespace orch {

// A fixed set of connections, of which each is lent to one thread at a time. Thread-safe. The mutex
// guards the list of idle connections alone: it is never held while SQLite runs, so a slow disk
// blocks those who wait for a connection and nobody else. Must outlive what it lends.
class SqliteConnectionPool {
 public:
  // A connection on loan; gives it back when destroyed. Move-only; not thread-safe.
  class Loan {
   public:
    Loan(Loan&&) = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_ != nullptr) pool_->GiveBack(std::move(connection_));
    }
    SqliteConnection* operator->() const { return connection_.get(); }

   private:
    friend class SqliteConnectionPool;
    Loan(SqliteConnectionPool& pool, std::unique_ptr<SqliteConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}

    SqliteConnectionPool* pool_;
    std::unique_ptr<SqliteConnection> connection_;
  };

  // `connections` must not be empty.
  explicit SqliteConnectionPool(std::vector<std::unique_ptr<SqliteConnection>> connections)
      : idle_(std::move(connections)) {}
  SqliteConnectionPool(const SqliteConnectionPool&) = delete;
  SqliteConnectionPool& operator=(const SqliteConnectionPool&) = delete;

  // Blocks until a connection is idle.
  Loan Take();

 private:
  void GiveBack(std::unique_ptr<SqliteConnection> connection);

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

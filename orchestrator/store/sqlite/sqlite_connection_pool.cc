#include "orchestrator/store/sqlite/sqlite_connection_pool.h"

namespace orch {

SqliteConnectionPool::Loan SqliteConnectionPool::Take() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](std::vector<std::unique_ptr<SqliteConnection>>* idle) { return !idle->empty(); },
      &idle_));
  std::unique_ptr<SqliteConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  return Loan(*this, std::move(connection));
}

void SqliteConnectionPool::GiveBack(std::unique_ptr<SqliteConnection> connection) {
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace orch

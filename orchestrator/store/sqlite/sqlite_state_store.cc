#include "orchestrator/store/sqlite/sqlite_state_store.h"

#include <utility>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/sqlite/sqlite_connection.h"
#include "orchestrator/store/sqlite/sqlite_connection_pool.h"
#include "orchestrator/store/sqlite/sqlite_writer.h"

namespace orch {
namespace {

// Reads take some 10 us: two at once are plenty, and one long list does not hold up the rest.
constexpr int kReaders = 2;

constexpr auto kAlways = [](SqliteConnection&) { return true; };

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStateStore>> SqliteStateStore::Create(
    const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> writer, SqliteConnection::Open(path));
  ORCH_RETURN_IF_ERROR(writer->CheckIntegrity());
  std::vector<std::unique_ptr<SqliteConnection>> readers(kReaders);
  for (std::unique_ptr<SqliteConnection>& reader : readers) {
    ORCH_ASSIGN_OR_RETURN(reader, SqliteConnection::Open(path));
  }
  return std::unique_ptr<SqliteStateStore>(
      new SqliteStateStore(std::make_unique<SqliteWriter>(std::move(writer)),
                           std::make_unique<SqliteConnectionPool>(std::move(readers))));
}

SqliteStateStore::SqliteStateStore(std::unique_ptr<SqliteWriter> writer,
                                   std::unique_ptr<SqliteConnectionPool> readers)
    : writer_(std::move(writer)), readers_(std::move(readers)) {}

SqliteStateStore::~SqliteStateStore() = default;

absl::Status SqliteStateStore::PutBrowser(const Browser& browser) {
  return writer_->Write(
      [&](SqliteConnection& connection) { return connection.OutlivesHost(browser); },
      [&](SqliteConnection& connection) { return connection.PutBrowser(browser); });
}

absl::StatusOr<Browser> SqliteStateStore::GetBrowser(const SessionId& id) {
  return readers_->Take()->GetBrowser(id);
}

absl::StatusOr<std::vector<Browser>> SqliteStateStore::ListBrowsers(const BrowserQuery& query) {
  return readers_->Take()->ListBrowsers(query);
}

absl::Status SqliteStateStore::PutPool(const Pool& pool) {
  return writer_->Write(kAlways,
                        [&](SqliteConnection& connection) { return connection.PutPool(pool); });
}

absl::Status SqliteStateStore::DeletePool(const PoolId& id) {
  return writer_->Write(kAlways,
                        [&](SqliteConnection& connection) { return connection.DeletePool(id); });
}

absl::StatusOr<std::vector<Pool>> SqliteStateStore::ListPools() {
  return readers_->Take()->ListPools();
}

}  // namespace orch

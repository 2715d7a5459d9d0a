#include "orchestrator/store/sqlite/sqlite_connection.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/store/browser_record.h"
#include "orchestrator/store/pool_record.h"
#include "orchestrator/store/sqlite/browser_row.h"
#include "orchestrator/store/sqlite/pool_row.h"
#include "orchestrator/store/sqlite/spec_row.h"
#include "orchestrator/store/sqlite/sqlite_schema.h"
#include "orchestrator/store/sqlite/sqlite_status.h"

namespace orch {
namespace {

// How long a call waits for another process (a backup, an operator's sqlite3) to let go of the
// file.
constexpr int kBusyTimeoutMs = 5000;

// `columns` besides those of the spec, which both tables have.
std::string PutQuery(absl::string_view table, absl::string_view columns, int column_count) {
  std::string placeholders = "?";
  for (int i = 1; i < column_count + kSpecColumnCount; ++i) placeholders += ", ?";
  return absl::StrCat("INSERT OR REPLACE INTO ", table, " (", columns, ", ", kSpecColumns,
                      ") VALUES (", placeholders, ")");
}

std::string GetQuery() {
  return absl::StrCat("SELECT ", kBrowserColumns, ", ", kSpecColumns,
                      " FROM browsers WHERE session_id = ?");
}

// Parameters: 1 bit mask of states or -1 for all, 2 and 3 the cursor, 4 the limit, 5 the pool or
// NULL for all. Where there is no cursor, the one before everything is bound.
std::string ListQuery(absl::string_view condition) {
  return absl::StrCat("SELECT ", kBrowserColumns, ", ", kSpecColumns, " FROM browsers WHERE ",
                      condition,
                      "(?1 < 0 OR ((1 << state) & ?1) != 0) AND (?5 IS NULL OR pool_id = ?5) AND "
                      "created_at_ns <= ?2 AND (created_at_ns < ?2 OR session_id > ?3) "
                      "ORDER BY created_at_ns DESC, session_id LIMIT ?4");
}

std::string ListPoolsQuery() {
  return absl::StrCat("SELECT ", kPoolColumns, ", ", kSpecColumns,
                      " FROM pools ORDER BY created_at_ns DESC, pool_id");
}

int64_t StateMask(const std::vector<BrowserState>& states) {
  // All bits, also those of numbers that are no states: such a row must be read to be complained
  // of.
  if (states.empty()) return -1;
  int64_t mask = 0;
  for (const BrowserState state : states) mask |= int64_t{1} << static_cast<int>(state);
  return mask;
}

bool OnlyLive(const std::vector<BrowserState>& states) {
  return !states.empty() && std::none_of(states.begin(), states.end(), IsTerminal);
}

// Records name what users browse with: no one else's to read. SQLite gives its -wal and -shm files
// the same mode.
absl::Status CreateFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  if (fd.valid()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot open the database ", path, ": ", absl::ErrnoToStatus(errno, "").message(),
      ": see that its folder exists, is writable for this user and that the disk is not full"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path) {
  ORCH_RETURN_IF_ERROR(CreateFile(path));
  return WithoutExceptions(
      "open the database", path, [&]() -> absl::StatusOr<std::unique_ptr<SqliteConnection>> {
        SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                  kBusyTimeoutMs);
        database.exec("PRAGMA journal_mode = WAL");
        // With WAL, NORMAL would lose the last commits at a power failure.
        database.exec("PRAGMA synchronous = FULL");
        database.exec("PRAGMA foreign_keys = ON");
        ORCH_RETURN_IF_ERROR(MigrateSchema(database));
        return std::unique_ptr<SqliteConnection>(new SqliteConnection(std::move(database)));
      });
}

SqliteConnection::SqliteConnection(SQLite::Database database)
    : database_(std::move(database)),
      begin_(database_, "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT"),
      put_browser_(database_, PutQuery("browsers", kBrowserColumns, kBrowserColumnCount)),
      sleeps_on_disk_(database_, "SELECT standby_level = ? FROM browsers WHERE session_id = ?"),
      get_browser_(database_, GetQuery()),
      list_browsers_(database_, ListQuery("")),
      list_live_browsers_(database_, ListQuery("state NOT IN (6, 7) AND ")),
      put_pool_(database_, PutQuery("pools", kPoolColumns, kPoolColumnCount)),
      delete_pool_(database_, "DELETE FROM pools WHERE pool_id = ?"),
      list_pools_(database_, ListPoolsQuery()) {}

absl::Status SqliteConnection::CheckIntegrity() {
  return WithoutExceptions("check the database", database_.getFilename(), [&]() -> absl::Status {
    const std::string result = database_.execAndGet("PRAGMA quick_check(1)").getString();
    if (result == "ok") return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(database_.getFilename(), " is damaged (", result,
                                            "): restore it from a backup, or move it away together "
                                            "with its -wal and -shm files to start "
                                            "without records"));
  });
}

bool SqliteConnection::OutlivesHost(const Browser& browser) {
  if (IsTerminal(browser.state) || browser.standby_level == StandbyLevel::kDisk) return true;
  const absl::Cleanup reset = [this] { sleeps_on_disk_.tryReset(); };
  bool outlives = true;
  const absl::Status asked = WithoutExceptions(
      absl::StrCat("read browser ", browser.id.value()), database_.getFilename(), [&] {
        sleeps_on_disk_.bind(1, static_cast<int>(StandbyLevel::kDisk));
        sleeps_on_disk_.bind(2, browser.id.value());
        outlives = !sleeps_on_disk_.executeStep() || sleeps_on_disk_.getColumn(0).getInt() != 0;
        return absl::OkStatus();
      });
  return outlives || !asked.ok();
}

absl::Status SqliteConnection::InTransaction(bool synced, absl::FunctionRef<absl::Status()> work) {
  return WithoutExceptions("write", database_.getFilename(), [&]() -> absl::Status {
    if (synced != synced_) {
      // In WAL mode NORMAL leaves out the sync of each commit, and a later one makes up for it.
      database_.exec(synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
      synced_ = synced;
    }
    const absl::Cleanup reset = [this] {
      begin_.tryReset();
      commit_.tryReset();
    };
    begin_.exec();
    absl::Cleanup roll_back = [this] { database_.tryExec("ROLLBACK"); };
    ORCH_RETURN_IF_ERROR(work());
    commit_.exec();
    std::move(roll_back).Cancel();
    return absl::OkStatus();
  });
}

absl::Status SqliteConnection::PutBrowser(const Browser& browser) {
  ORCH_RETURN_IF_ERROR(ValidateBrowserRecord(browser));
  const absl::Cleanup reset = [this] { put_browser_.tryReset(); };
  return WithoutExceptions(absl::StrCat("write browser ", browser.id.value()),
                           database_.getFilename(), [&] {
                             BindBrowser(put_browser_, browser);
                             put_browser_.exec();
                             return absl::OkStatus();
                           });
}

absl::StatusOr<Browser> SqliteConnection::GetBrowser(const SessionId& id) {
  const absl::Cleanup reset = [this] { get_browser_.tryReset(); };
  return WithoutExceptions(
      absl::StrCat("read browser ", id.value()), database_.getFilename(),
      [&]() -> absl::StatusOr<Browser> {
        get_browser_.bind(1, id.value());
        if (get_browser_.executeStep()) return ReadBrowser(get_browser_);
        return absl::NotFoundError(absl::StrCat("no browser has session_id ", id.value()));
      });
}

absl::StatusOr<std::vector<Browser>> SqliteConnection::ListBrowsers(const BrowserQuery& query) {
  SQLite::Statement& list = OnlyLive(query.states) ? list_live_browsers_ : list_browsers_;
  const absl::Cleanup reset = [&list] { list.tryReset(); };
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return WithoutExceptions(
      "list browsers", database_.getFilename(), [&]() -> absl::StatusOr<std::vector<Browser>> {
        list.bind(1, StateMask(query.states));
        list.bind(2, query.after ? absl::ToUnixNanos(query.after->created_at) : kMax);
        list.bind(3, query.after ? query.after->id.value() : std::string());
        const bool limited = query.limit > 0 && query.limit < static_cast<size_t>(kMax);
        list.bind(4, limited ? static_cast<int64_t>(query.limit) : int64_t{-1});
        if (query.pool.has_value()) {
          list.bind(5, query.pool->value());
        } else {
          list.bind(5);
        }
        std::vector<Browser> browsers;
        while (list.executeStep()) {
          ORCH_ASSIGN_OR_RETURN(Browser browser, ReadBrowser(list));
          browsers.push_back(std::move(browser));
        }
        return browsers;
      });
}

absl::Status SqliteConnection::PutPool(const Pool& pool) {
  ORCH_RETURN_IF_ERROR(ValidatePoolRecord(pool));
  const absl::Cleanup reset = [this] { put_pool_.tryReset(); };
  return WithoutExceptions(absl::StrCat("write pool ", pool.id.value()), database_.getFilename(),
                           [&] {
                             BindPool(put_pool_, pool);
                             put_pool_.exec();
                             return absl::OkStatus();
                           });
}

absl::Status SqliteConnection::DeletePool(const PoolId& id) {
  const absl::Cleanup reset = [this] { delete_pool_.tryReset(); };
  return WithoutExceptions(absl::StrCat("delete pool ", id.value()), database_.getFilename(), [&] {
    delete_pool_.bind(1, id.value());
    delete_pool_.exec();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Pool>> SqliteConnection::ListPools() {
  const absl::Cleanup reset = [this] { list_pools_.tryReset(); };
  return WithoutExceptions("list pools", database_.getFilename(),
                           [&]() -> absl::StatusOr<std::vector<Pool>> {
                             std::vector<Pool> pools;
                             while (list_pools_.executeStep()) {
                               ORCH_ASSIGN_OR_RETURN(Pool pool, ReadPool(list_pools_));
                               pools.push_back(std::move(pool));
                             }
                             return pools;
                           });
}

}  // namespace orch

#include "orchestrator/store/sqlite/sqlite_state_store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using orch::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

Browser MakeBrowser() {
  return {.id = SessionId::Generate(),
          .state = BrowserState::kReady,
          .created_at = absl::FromUnixSeconds(1'800'000'000)};
}

class SqliteStateStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SqliteStateStore>> Open() {
    return SqliteStateStore::Create(path_);
  }

  // Runs SQL behind the store's back.
  void Tamper(const std::string& sql) {
    SQLite::Database(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
  }

  TempDir directory_;
  const std::string path_ = directory_.File("state.db");
};

TEST_F(SqliteStateStoreTest, KeepsRecordsWhenReopened) {
  const Browser browser = MakeBrowser();
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    ORCH_ASSERT_OK(store->PutBrowser(browser));
  }
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser read, store->GetBrowser(browser.id));
  EXPECT_EQ(read, browser);
}

TEST_F(SqliteStateStoreTest, KeepsAcknowledgedRecordsWhenKilled) {
  int acknowledged[2];
  ASSERT_EQ(::pipe(acknowledged), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = Open();
    while (store.ok()) {
      const Browser browser = MakeBrowser();
      if (!(*store)->PutBrowser(browser).ok()) break;
      if (::write(acknowledged[1], browser.id.value().data(), SessionId::kLength) < 0) break;
    }
    ::_exit(1);
  }
  ::close(acknowledged[1]);
  std::vector<std::string> ids;
  std::string id(SessionId::kLength, ' ');
  while (::read(acknowledged[0], id.data(), id.size()) == static_cast<ssize_t>(id.size())) {
    ids.push_back(id);
    if (ids.size() == 100) ::kill(child, SIGKILL);
  }
  ::close(acknowledged[0]);
  ::waitpid(child, nullptr, 0);
  ASSERT_GE(ids.size(), 100u);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  for (const std::string& text : ids) ORCH_EXPECT_OK(store->GetBrowser(*SessionId::Parse(text)));
}

// Threads whose writes share transactions.
TEST_F(SqliteStateStoreTest, KeepsWhatManyWriteAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 25;
  std::vector<std::vector<Browser>> written(kThreads);
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    std::vector<std::thread> threads;
    for (std::vector<Browser>& mine : written) {
      threads.emplace_back([&mine, &store = *store] {
        for (int i = 0; i < kWrites; ++i) {
          mine.push_back(MakeBrowser());
          ORCH_EXPECT_OK(store.PutBrowser(mine.back()));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  for (const std::vector<Browser>& mine : written) {
    for (const Browser& browser : mine) {
      ORCH_ASSERT_OK_AND_ASSIGN(const Browser read, store->GetBrowser(browser.id));
      EXPECT_EQ(read, browser);
    }
  }
}

TEST_F(SqliteStateStoreTest, AnswersEachOfManyForItsOwnRecord) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  std::atomic<bool> stop = false;
  std::thread good([&] {
    while (!stop) ORCH_EXPECT_OK(store->PutBrowser(MakeBrowser()));
  });
  Browser wrong = MakeBrowser();
  wrong.failure_reason = "it has not failed";
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(store->PutBrowser(wrong), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  stop = true;
  good.join();
}

TEST_F(SqliteStateStoreTest, MakesFileForItsUserAlone) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  for (const std::string& file : {path_, path_ + "-wal", path_ + "-shm"}) {
    struct stat info = {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file;
  }
}

TEST_F(SqliteStateStoreTest, SaysDataLossForGarbage) {
  std::ofstream(path_) << std::string(10000, 'x');
  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr(path_), HasSubstr("backup"))));
}

TEST_F(SqliteStateStoreTest, SaysDataLossForTruncatedFile) {
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    for (int i = 0; i < 100; ++i) ORCH_ASSERT_OK(store->PutBrowser(MakeBrowser()));
  }
  std::filesystem::resize_file(path_, 8192);
  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr(path_), HasSubstr("backup"))));
}

TEST_F(SqliteStateStoreTest, SaysDataLossForOverwrittenPages) {
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    for (int i = 0; i < 100; ++i) ORCH_ASSERT_OK(store->PutBrowser(MakeBrowser()));
  }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(8192, '\xa5');
  file.close();
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

TEST_F(SqliteStateStoreTest, SaysDataLossForDatabaseOfAnotherProgram) {
  Tamper("CREATE TABLE cookies (name TEXT)");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("another program")));
}

TEST_F(SqliteStateStoreTest, SaysFailedPreconditionForNewerSchema) {
  { ORCH_ASSERT_OK(Open()); }
  Tamper("PRAGMA user_version = 1000");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1000")));
}

TEST_F(SqliteStateStoreTest, SaysUnavailableForMissingFolder) {
  EXPECT_THAT(SqliteStateStore::Create(directory_.File("no/state.db")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("folder")));
}

TEST_F(SqliteStateStoreTest, SaysUnavailableForReadOnlyFile) {
  { ORCH_ASSERT_OK(Open()); }
  ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
  // Root may write everything, so be someone else.
  constexpr uid_t kNobody = 65534;
  const bool was_root = ::geteuid() == 0;
  if (was_root) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const absl::Cleanup restore = [&] {
    if (was_root) {
      EXPECT_EQ(::seteuid(0), 0);
    }
  };
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("writable")));
}

TEST_F(SqliteStateStoreTest, SaysUnavailableForFullDiskAndRecovers) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  const Browser kept = MakeBrowser();
  ORCH_ASSERT_OK(store->PutBrowser(kept));
  // No file may grow: what write() then says is what it says of a full disk, but for the number.
  rlimit old_limit = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{std::filesystem::file_size(path_ + "-wal"), old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  Browser big = MakeBrowser();
  big.state = BrowserState::kFailed;
  big.ended_at = big.created_at;
  big.failure_reason = std::string(500'000, 'x');
  const absl::Status full = store->PutBrowser(big);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("free some space")));
  ORCH_EXPECT_OK(store->GetBrowser(kept.id));
  EXPECT_THAT(store->GetBrowser(big.id), StatusIs(absl::StatusCode::kNotFound));
  ORCH_EXPECT_OK(store->PutBrowser(big));
}

TEST_F(SqliteStateStoreTest, SaysDataLossForRowsThatCannotBe) {
  const std::vector<std::string> damages = {
      "state = 0",
      "state = 99",
      "state = -1",
      "failure_reason = 'why'",
      "created_at_ns = -1",
      "ended_at_ns = 5",
      "headless = 2",
      "memory_mib = -1",
      "vcpus = 4294967296",
      "viewport_width_px = 100",
      "kiosk_mode = 7",
      "viewport_width_px = 1, viewport_height_px = 0",
      "timeout_ns = -1",
      "standby_after_ns = -2",
      "standby_level = 1",
      "standby_level = 3",
      "pool_id = 'x'",
      "pool_generation = 1",
      "vm_id = 'x'",
      "acquired_at_ns = 5",
      "template_build = 'b'",
  };
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  for (const std::string& damage : damages) {
    const Browser browser = MakeBrowser();
    ORCH_ASSERT_OK(store->PutBrowser(browser));
    Tamper(absl::StrCat("UPDATE browsers SET ", damage, " WHERE session_id = '", browser.id.value(),
                        "'"));
    const auto named = AllOf(HasSubstr("table browsers"), HasSubstr(browser.id.value()));
    EXPECT_THAT(store->GetBrowser(browser.id), StatusIs(absl::StatusCode::kDataLoss, named))
        << damage;
    EXPECT_THAT(store->ListBrowsers({}), StatusIs(absl::StatusCode::kDataLoss, named)) << damage;
    Tamper("DELETE FROM browsers");
  }
}

TEST_F(SqliteStateStoreTest, SaysDataLossForPoolsThatCannotBe) {
  const std::vector<std::string> damages = {
      "name = 'a b'",          "size = 0",
      "size = 10001",          "fill_rate_per_minute = -1",
      "generation = 0",        "created_at_ns = -1",
      "headless = 2",          "timeout_ns = -1",
      "standby_after_ns = -2", "discards_before = 2",
  };
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  for (const std::string& damage : damages) {
    const Pool pool{.id = PoolId::Generate(), .spec = {.size = 1}, .created_at = absl::UnixEpoch()};
    ORCH_ASSERT_OK(store->PutPool(pool));
    Tamper(absl::StrCat("UPDATE pools SET ", damage));
    EXPECT_THAT(store->ListPools(),
                StatusIs(absl::StatusCode::kDataLoss,
                         AllOf(HasSubstr("table pools"), HasSubstr(pool.id.value()))))
        << damage;
    Tamper("DELETE FROM pools");
  }
}

// The schema of version 1, as it was published.
constexpr char kVersion1[] = R"sql(
    CREATE TABLE browsers (
      session_id         TEXT    PRIMARY KEY,
      state              INTEGER NOT NULL,
      failure_reason     TEXT    NOT NULL,
      created_at_ns      INTEGER NOT NULL,
      ready_at_ns        INTEGER,
      ended_at_ns        INTEGER,
      image              TEXT    NOT NULL,
      image_digest       TEXT    NOT NULL,
      headless           INTEGER NOT NULL,
      memory_mib         INTEGER NOT NULL,
      vcpus              INTEGER NOT NULL,
      viewport_width_px  INTEGER,
      viewport_height_px INTEGER,
      kiosk_mode         INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX browsers_by_age ON browsers (created_at_ns DESC, session_id);
    CREATE INDEX live_browsers_by_age ON browsers (created_at_ns DESC, session_id) WHERE state NOT IN (6, 7);
    PRAGMA application_id = 1869767528;
    PRAGMA user_version = 1;
)sql";

TEST_F(SqliteStateStoreTest, BringsRecordsOfVersion1WithIt) {
  Tamper(absl::StrCat(kVersion1, R"sql(
    INSERT INTO browsers VALUES ('aaaaaaaaaaaaaaaaaaaaaaaa', 2, '', 1, 2, NULL, 'minimal', 'd', 1, 256, 1, NULL, NULL, 0);
    INSERT INTO browsers VALUES ('bbbbbbbbbbbbbbbbbbbbbbbb', 6, '', 1, 2, 3, 'minimal', 'd', 1, 256, 1, NULL, NULL, 0);
  )sql"));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  Browser live{.id = *SessionId::Parse("aaaaaaaaaaaaaaaaaaaaaaaa"),
               .spec = {.image = "minimal",
                        .headless = true,
                        .memory_mib = 256,
                        .vcpus = 1,
                        .timeout = absl::Hours(72),
                        .standby_after = absl::InfiniteDuration()},
               .state = BrowserState::kReady,
               .created_at = absl::FromUnixNanos(1),
               .ready_at = absl::FromUnixNanos(2),
               .image_digest = "d",
               .vm = *VmId::Parse("aaaaaaaaaaaaaaaaaaaaaaaa")};
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser read_live, store->GetBrowser(live.id));
  EXPECT_EQ(read_live, live);
  Browser ended = live;
  ended.id = *SessionId::Parse("bbbbbbbbbbbbbbbbbbbbbbbb");
  ended.state = BrowserState::kDeleted;
  ended.ended_at = absl::FromUnixNanos(3);
  ended.vm = std::nullopt;
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser read_ended, store->GetBrowser(ended.id));
  EXPECT_EQ(read_ended, ended);
}

// What leads from version 1 to version 2, as it was published.
constexpr char kVersion2[] = R"sql(
    ALTER TABLE browsers ADD COLUMN timeout_ns       INTEGER NOT NULL DEFAULT 259200000000000;
    ALTER TABLE browsers ADD COLUMN standby_after_ns INTEGER DEFAULT -1;
    ALTER TABLE browsers ADD COLUMN acquired_at_ns   INTEGER;
    ALTER TABLE browsers ADD COLUMN pool_id          TEXT;
    ALTER TABLE browsers ADD COLUMN pool_generation  INTEGER;
    ALTER TABLE browsers ADD COLUMN vm_id            TEXT;
    ALTER TABLE browsers ADD COLUMN template_key     TEXT    NOT NULL DEFAULT '';
    ALTER TABLE browsers ADD COLUMN standby_level    INTEGER NOT NULL DEFAULT 0;
    UPDATE browsers SET vm_id = session_id WHERE state NOT IN (6, 7);
    CREATE TABLE pools (
      pool_id              TEXT    PRIMARY KEY,
      name                 TEXT    NOT NULL,
      size                 INTEGER NOT NULL,
      fill_rate_per_minute INTEGER NOT NULL,
      generation           INTEGER NOT NULL,
      created_at_ns        INTEGER NOT NULL,
      image                TEXT    NOT NULL,
      headless             INTEGER NOT NULL,
      memory_mib           INTEGER NOT NULL,
      vcpus                INTEGER NOT NULL,
      viewport_width_px    INTEGER,
      viewport_height_px   INTEGER,
      kiosk_mode           INTEGER NOT NULL,
      timeout_ns           INTEGER NOT NULL,
      standby_after_ns     INTEGER
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 2;
)sql";

TEST_F(SqliteStateStoreTest, DoesNotKnowTheTemplateBuildsOfRecordsOfVersion2) {
  Tamper(absl::StrCat(kVersion1, kVersion2, R"sql(
    INSERT INTO browsers (session_id, state, failure_reason, created_at_ns, image, image_digest, headless, memory_mib,
                          vcpus, kiosk_mode, template_key, standby_level)
      VALUES ('aaaaaaaaaaaaaaaaaaaaaaaa', 4, '', 1, 'minimal', 'd', 1, 256, 1, 0, 'k', 2);
  )sql"));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  ORCH_ASSERT_OK_AND_ASSIGN(Browser browser,
                            store->GetBrowser(*SessionId::Parse("aaaaaaaaaaaaaaaaaaaaaaaa")));
  EXPECT_EQ(browser.standby_level, StandbyLevel::kDisk);
  EXPECT_EQ(browser.template_key, "k");
  EXPECT_EQ(browser.template_build, "");
  browser.template_build = std::string(24, 'b');
  ORCH_ASSERT_OK(store->PutBrowser(browser));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser read, store->GetBrowser(browser.id));
  EXPECT_EQ(read, browser);
}

TEST_F(SqliteStateStoreTest, SaysDataLossForMalformedId) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  const Browser browser = MakeBrowser();
  ORCH_ASSERT_OK(store->PutBrowser(browser));
  Tamper("UPDATE browsers SET session_id = 'Not An Id' || char(10)");
  EXPECT_THAT(store->ListBrowsers({}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("\"Not An Id\\n\"")));
}

}  // namespace
}  // namespace orch

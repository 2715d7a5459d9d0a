#include "orchestrator/store/sqlite/sqlite_status.h"

#include <exception>
#include <new>

#include "SQLiteCpp/Exception.h"
#include "absl/strings/str_cat.h"

namespace orch {
namespace {

// SQLite's primary result codes, see https://www.sqlite.org/rescode.html. Named here because
// sqlite3.h is SQLiteCpp's business.
constexpr int kPerm = 3;
constexpr int kBusy = 5;
constexpr int kLocked = 6;
constexpr int kNoMem = 7;
constexpr int kReadOnly = 8;
constexpr int kIoErr = 10;
constexpr int kCorrupt = 11;
constexpr int kFull = 13;
constexpr int kCantOpen = 14;
constexpr int kAuth = 23;
constexpr int kNotADb = 26;

struct Translation {
  absl::StatusCode code;
  absl::string_view advice;
};

Translation Translate(int primary_code) {
  switch (primary_code) {
    case kCorrupt:
    case kNotADb:
      return {absl::StatusCode::kDataLoss,
              "the file is damaged or is not a database: restore it from a backup, or move it away "
              "together with its "
              "-wal and -shm files to start without records"};
    case kFull:
      return {absl::StatusCode::kUnavailable, "the disk is full: free some space and try again"};
    case kIoErr:
      return {
          absl::StatusCode::kUnavailable,
          "the disk refuses: see the kernel's log, free some space if it is full, and try again"};
    case kReadOnly:
    case kPerm:
    case kAuth:
      return {
          absl::StatusCode::kUnavailable,
          "the file or its folder is read-only: make both writable for this user and try again"};
    case kCantOpen:
      return {
          absl::StatusCode::kUnavailable,
          "the file cannot be opened: see that its folder exists and is writable for this user"};
    case kBusy:
    case kLocked:
      return {absl::StatusCode::kUnavailable,
              "another process holds the database: end it and try again"};
    case kNoMem:
      return {absl::StatusCode::kResourceExhausted, "out of memory"};
    default:
      return {absl::StatusCode::kInternal, "unexpected error of the database"};
  }
}

}  // namespace

absl::Status TranslateSqliteException(absl::string_view operation, const std::string& path) {
  const auto status = [&](const Translation& translation, absl::string_view detail) {
    return absl::Status(translation.code, absl::StrCat("cannot ", operation, " in ", path, ": ",
                                                       translation.advice, " (", detail, ")"));
  };
  try {
    throw;
  } catch (const SQLite::Exception& error) {
    // Extended codes have the primary one in their low byte.
    return status(Translate(error.getErrorCode() & 0xff),
                  absl::StrCat(error.what(), ", code ", error.getExtendedErrorCode()));
  } catch (const std::bad_alloc&) {
    return status(Translate(kNoMem), "std::bad_alloc");
  } catch (const std::exception& error) {
    return status(Translate(0), error.what());
  }
}

}  // namespace orch

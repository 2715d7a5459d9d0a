#include "orchestrator/store/sqlite/browser_row.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "SQLiteCpp/Column.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/browser_record.h"

namespace orch {
namespace {

enum Index {
  kSessionId,
  kState,
  kFailureReason,
  kCreatedAt,
  kReadyAt,
  kEndedAt,
  kImage,
  kImageDigest,
  kHeadless,
  kMemoryMib,
  kVcpus,
  kViewportWidth,
  kViewportHeight,
  kKioskMode,
};
static_assert(kKioskMode + 1 == kBrowserColumnCount);

absl::Status Damaged(absl::string_view id, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("row of table browsers with session_id \"", absl::CHexEscape(id.substr(0, 64)),
                   "\" is damaged: ", what,
                   "; restore a backup, or delete the row with sqlite3 while the daemon is down"));
}

// Reads columns of one row and names the row in what it complains of.
class RowReader {
 public:
  explicit RowReader(SQLite::Statement& statement)
      : statement_(statement), id_(statement.getColumn(kSessionId).getString()) {}

  const std::string& id() const { return id_; }

  std::string Text(Index index) const { return statement_.getColumn(index).getString(); }

  absl::StatusOr<int64_t> Integer(Index index, int64_t min, int64_t max) const {
    const SQLite::Column column = statement_.getColumn(index);
    if (!column.isInteger()) {
      return Damaged(id_, absl::StrCat(column.getName(), " is not an integer"));
    }
    const int64_t value = column.getInt64();
    if (value < min || value > max) {
      return Damaged(id_,
                     absl::StrCat(column.getName(), " is ", value, ", must be ", min, " to ", max));
    }
    return value;
  }

  absl::StatusOr<bool> Boolean(Index index) const {
    ORCH_ASSIGN_OR_RETURN(const int64_t value, Integer(index, 0, 1));
    return value == 1;
  }

  absl::StatusOr<uint32_t> Unsigned(Index index) const {
    ORCH_ASSIGN_OR_RETURN(const int64_t value,
                          Integer(index, 0, std::numeric_limits<uint32_t>::max()));
    return static_cast<uint32_t>(value);
  }

  absl::StatusOr<absl::Time> Time(Index index) const {
    ORCH_ASSIGN_OR_RETURN(const int64_t value,
                          Integer(index, 0, std::numeric_limits<int64_t>::max()));
    return absl::FromUnixNanos(value);
  }

  absl::StatusOr<std::optional<absl::Time>> OptionalTime(Index index) const {
    if (statement_.getColumn(index).isNull()) return std::nullopt;
    return Time(index);
  }

  absl::StatusOr<BrowserState> State() const {
    ORCH_ASSIGN_OR_RETURN(const int64_t number,
                          Integer(kState, 0, std::numeric_limits<int>::max()));
    const std::optional<BrowserState> state = BrowserStateFromNumber(static_cast<int>(number));
    if (!state.has_value())
      return Damaged(id_, absl::StrCat("state is ", number, ", which is none"));
    return *state;
  }

  absl::StatusOr<std::optional<Viewport>> ReadViewport() const {
    if (statement_.getColumn(kViewportWidth).isNull() &&
        statement_.getColumn(kViewportHeight).isNull()) {
      return std::nullopt;
    }
    ORCH_ASSIGN_OR_RETURN(const uint32_t width, Unsigned(kViewportWidth));
    ORCH_ASSIGN_OR_RETURN(const uint32_t height, Unsigned(kViewportHeight));
    return Viewport{.width_px = width, .height_px = height};
  }

 private:
  SQLite::Statement& statement_;
  std::string id_;
};

absl::StatusOr<BrowserSpec> ReadSpec(const RowReader& row) {
  BrowserSpec spec;
  spec.image = row.Text(kImage);
  ORCH_ASSIGN_OR_RETURN(spec.headless, row.Boolean(kHeadless));
  ORCH_ASSIGN_OR_RETURN(spec.memory_mib, row.Unsigned(kMemoryMib));
  ORCH_ASSIGN_OR_RETURN(spec.vcpus, row.Unsigned(kVcpus));
  ORCH_ASSIGN_OR_RETURN(spec.viewport, row.ReadViewport());
  ORCH_ASSIGN_OR_RETURN(spec.kiosk_mode, row.Boolean(kKioskMode));
  return spec;
}

void BindTime(SQLite::Statement& statement, Index index, const std::optional<absl::Time>& time) {
  if (time.has_value()) {
    statement.bind(index + 1, absl::ToUnixNanos(*time));
  } else {
    statement.bind(index + 1);
  }
}

void BindViewport(SQLite::Statement& statement, const std::optional<Viewport>& viewport) {
  if (viewport.has_value()) {
    statement.bind(kViewportWidth + 1, viewport->width_px);
    statement.bind(kViewportHeight + 1, viewport->height_px);
  } else {
    statement.bind(kViewportWidth + 1);
    statement.bind(kViewportHeight + 1);
  }
}

}  // namespace

void BindBrowser(SQLite::Statement& statement, const Browser& browser) {
  statement.bind(kSessionId + 1, browser.id.value());
  statement.bind(kState + 1, static_cast<int>(browser.state));
  statement.bind(kFailureReason + 1, browser.failure_reason);
  BindTime(statement, kCreatedAt, browser.created_at);
  BindTime(statement, kReadyAt, browser.ready_at);
  BindTime(statement, kEndedAt, browser.ended_at);
  statement.bind(kImage + 1, browser.spec.image);
  statement.bind(kImageDigest + 1, browser.image_digest);
  statement.bind(kHeadless + 1, browser.spec.headless ? 1 : 0);
  statement.bind(kMemoryMib + 1, browser.spec.memory_mib);
  statement.bind(kVcpus + 1, browser.spec.vcpus);
  BindViewport(statement, browser.spec.viewport);
  statement.bind(kKioskMode + 1, browser.spec.kiosk_mode ? 1 : 0);
}

absl::StatusOr<Browser> ReadBrowser(SQLite::Statement& statement) {
  const RowReader row(statement);
  absl::StatusOr<SessionId> id = SessionId::Parse(row.id());
  if (!id.ok()) return Damaged(row.id(), id.status().message());
  ORCH_ASSIGN_OR_RETURN(BrowserSpec spec, ReadSpec(row));
  ORCH_ASSIGN_OR_RETURN(const BrowserState state, row.State());
  ORCH_ASSIGN_OR_RETURN(const absl::Time created_at, row.Time(kCreatedAt));
  ORCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> ready_at, row.OptionalTime(kReadyAt));
  ORCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> ended_at, row.OptionalTime(kEndedAt));
  Browser browser{.id = *std::move(id),
                  .spec = std::move(spec),
                  .state = state,
                  .failure_reason = row.Text(kFailureReason),
                  .created_at = created_at,
                  .ready_at = ready_at,
                  .ended_at = ended_at,
                  .image_digest = row.Text(kImageDigest)};
  if (const absl::Status valid = ValidateBrowserRecord(browser); !valid.ok()) {
    return Damaged(row.id(), valid.message());
  }
  return browser;
}

}  // namespace orch

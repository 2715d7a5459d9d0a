#include "orchestrator/store/sqlite/browser_row.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/browser_record.h"
#include "orchestrator/store/sqlite/row_reader.h"
#include "orchestrator/store/sqlite/spec_row.h"

namespace orch {
namespace {

enum Index {
  kSessionId,
  kState,
  kFailureReason,
  kCreatedAt,
  kReadyAt,
  kAcquiredAt,
  kEndedAt,
  kImageDigest,
  kPoolId,
  kPoolGeneration,
  kVmId,
  kTemplateKey,
  kTemplateBuild,
  kStandbyLevel,
  kSpec,
};
static_assert(kSpec == kBrowserColumnCount);

absl::StatusOr<BrowserState> ReadState(const RowReader& row) {
  ORCH_ASSIGN_OR_RETURN(const int64_t number,
                        row.Integer(kState, 0, std::numeric_limits<int>::max()));
  const std::optional<BrowserState> state = BrowserStateFromNumber(static_cast<int>(number));
  if (!state.has_value()) return row.Damaged(absl::StrCat("state is ", number, ", which is none"));
  return *state;
}

absl::StatusOr<std::optional<PoolMembership>> ReadMembership(const RowReader& row) {
  if (row.IsNull(kPoolId) && row.IsNull(kPoolGeneration)) return std::nullopt;
  absl::StatusOr<PoolId> pool = PoolId::Parse(row.Text(kPoolId));
  if (!pool.ok()) return row.Damaged(pool.status().message());
  ORCH_ASSIGN_OR_RETURN(const int64_t generation,
                        row.Integer(kPoolGeneration, 1, std::numeric_limits<int64_t>::max()));
  return PoolMembership{.pool = *std::move(pool), .generation = static_cast<uint64_t>(generation)};
}

absl::StatusOr<std::optional<VmId>> ReadVm(const RowReader& row) {
  if (row.IsNull(kVmId)) return std::nullopt;
  absl::StatusOr<VmId> vm = VmId::Parse(row.Text(kVmId));
  if (!vm.ok()) return row.Damaged(vm.status().message());
  return *std::move(vm);
}

absl::StatusOr<StandbyLevel> ReadStandbyLevel(const RowReader& row) {
  ORCH_ASSIGN_OR_RETURN(const int64_t number,
                        row.Integer(kStandbyLevel, 0, static_cast<int64_t>(StandbyLevel::kDisk)));
  return static_cast<StandbyLevel>(number);
}

void BindMembership(SQLite::Statement& statement, const std::optional<PoolMembership>& membership) {
  if (membership.has_value()) {
    statement.bind(kPoolId + 1, membership->pool.value());
    statement.bind(kPoolGeneration + 1, static_cast<int64_t>(membership->generation));
  } else {
    statement.bind(kPoolId + 1);
    statement.bind(kPoolGeneration + 1);
  }
}

}  // namespace

void BindBrowser(SQLite::Statement& statement, const Browser& browser) {
  statement.bind(kSessionId + 1, browser.id.value());
  statement.bind(kState + 1, static_cast<int>(browser.state));
  statement.bind(kFailureReason + 1, browser.failure_reason);
  BindOptionalTime(statement, kCreatedAt, browser.created_at);
  BindOptionalTime(statement, kReadyAt, browser.ready_at);
  BindOptionalTime(statement, kAcquiredAt, browser.acquired_at);
  BindOptionalTime(statement, kEndedAt, browser.ended_at);
  statement.bind(kImageDigest + 1, browser.image_digest);
  BindMembership(statement, browser.membership);
  if (browser.vm.has_value()) {
    statement.bind(kVmId + 1, browser.vm->value());
  } else {
    statement.bind(kVmId + 1);
  }
  statement.bind(kTemplateKey + 1, browser.template_key);
  statement.bind(kTemplateBuild + 1, browser.template_build);
  statement.bind(kStandbyLevel + 1, static_cast<int>(browser.standby_level));
  BindSpec(statement, kSpec, browser.spec);
}

absl::StatusOr<Browser> ReadBrowser(SQLite::Statement& statement) {
  const RowReader row(statement, "browsers", "session_id");
  absl::StatusOr<SessionId> id = SessionId::Parse(row.id());
  if (!id.ok()) return row.Damaged(id.status().message());
  Browser browser{.id = *std::move(id)};
  ORCH_ASSIGN_OR_RETURN(browser.spec, ReadSpec(row, kSpec));
  ORCH_ASSIGN_OR_RETURN(browser.state, ReadState(row));
  browser.failure_reason = row.Text(kFailureReason);
  ORCH_ASSIGN_OR_RETURN(browser.created_at, row.Time(kCreatedAt));
  ORCH_ASSIGN_OR_RETURN(browser.ready_at, row.OptionalTime(kReadyAt));
  ORCH_ASSIGN_OR_RETURN(browser.acquired_at, row.OptionalTime(kAcquiredAt));
  ORCH_ASSIGN_OR_RETURN(browser.ended_at, row.OptionalTime(kEndedAt));
  browser.image_digest = row.Text(kImageDigest);
  ORCH_ASSIGN_OR_RETURN(browser.membership, ReadMembership(row));
  ORCH_ASSIGN_OR_RETURN(browser.vm, ReadVm(row));
  browser.template_key = row.Text(kTemplateKey);
  browser.template_build = row.Text(kTemplateBuild);
  ORCH_ASSIGN_OR_RETURN(browser.standby_level, ReadStandbyLevel(row));
  if (const absl::Status valid = ValidateBrowserRecord(browser); !valid.ok()) {
    return row.Damaged(valid.message());
  }
  return browser;
}

}  // namespace orch

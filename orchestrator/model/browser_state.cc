#include "orchestrator/model/browser_state.h"

#include <algorithm>

namespace orch {
namespace {

using S = BrowserState;

struct Row {
  S state;
  absl::string_view name;
  // Filled up with the state itself: nothing goes to where it is.
  std::array<S, 5> next;
};

constexpr std::array<Row, 7> kTable = {{
    {S::kCreating, "CREATING", {S::kReady, S::kDeleting, S::kFailed, S::kCreating, S::kCreating}},
    {S::kReady, "READY", {S::kAcquired, S::kStandby, S::kDeleting, S::kFailed, S::kReady}},
    {S::kAcquired, "ACQUIRED", {S::kReady, S::kStandby, S::kDeleting, S::kFailed, S::kAcquired}},
    {S::kStandby, "STANDBY", {S::kReady, S::kAcquired, S::kDeleting, S::kFailed, S::kStandby}},
    {S::kDeleting, "DELETING", {S::kDeleted, S::kFailed, S::kDeleting, S::kDeleting, S::kDeleting}},
    {S::kDeleted, "DELETED", {S::kDeleted, S::kDeleted, S::kDeleted, S::kDeleted, S::kDeleted}},
    {S::kFailed, "FAILED", {S::kFailed, S::kFailed, S::kFailed, S::kFailed, S::kFailed}},
}};

const Row& RowOf(S state) { return kTable[static_cast<size_t>(state) - 1]; }

}  // namespace

absl::string_view ToString(BrowserState state) { return RowOf(state).name; }

std::optional<BrowserState> BrowserStateFromNumber(int number) {
  if (number < 1 || number > static_cast<int>(kTable.size())) return std::nullopt;
  return static_cast<BrowserState>(number);
}

bool IsLegalTransition(BrowserState from, BrowserState to) {
  const Row& row = RowOf(from);
  return to != from && std::find(row.next.begin(), row.next.end(), to) != row.next.end();
}

bool IsTerminal(BrowserState state) { return state == S::kDeleted || state == S::kFailed; }

bool IsCallable(BrowserState state) { return state == S::kReady || state == S::kAcquired; }

}  // namespace orch

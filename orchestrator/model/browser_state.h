#pragma once

#include <array>
#include <optional>

#include "absl/strings/string_view.h"

namespace orch {

// The states of one browser's life; the numbers are kept in the store and in the public API.
enum class BrowserState {
  kCreating = 1,
  kReady = 2,
  kAcquired = 3,
  kStandby = 4,
  kDeleting = 5,
  kDeleted = 6,
  kFailed = 7,
};

inline constexpr std::array<BrowserState, 7> kAllBrowserStates = {
    BrowserState::kCreating, BrowserState::kReady,    BrowserState::kAcquired,
    BrowserState::kStandby,  BrowserState::kDeleting, BrowserState::kDeleted,
    BrowserState::kFailed};

// "CREATING", "READY", ...
absl::string_view ToString(BrowserState state);

// The state with this number, or nothing.
std::optional<BrowserState> BrowserStateFromNumber(int number);

// The lifecycle table: whether a browser may go from one state to another. Nothing else decides
// what is legal.
//
//   CREATING -> READY -> ACQUIRED        any live state -> DELETING -> DELETED
//               ^   ^      |    ^        any live state -> FAILED
//               |   +------+    |
//               |    release    |
//               +--> STANDBY <--+
//
// A pool's browser sleeps while it is acquired, a browser of no pool while it is READY; both wake
// into the state that they slept in.
bool IsLegalTransition(BrowserState from, BrowserState to);

// DELETED and FAILED: the browser holds nothing on the host and never changes again.
bool IsTerminal(BrowserState state);

// READY and ACQUIRED: its guest runs and can be called.
bool IsCallable(BrowserState state);

}  // namespace orch

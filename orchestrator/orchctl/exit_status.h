#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/process.pb.h"

namespace orch::ctl {

// What orchctl exits with. Commands that pass a guest process's exit status through use the rest of
// 0..255 for it, and kExitOwnError, as timeout(1) and docker do, for what went wrong on the way.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitTimedOut = 124;
inline constexpr int kExitOwnError = 125;
inline constexpr int kExitSignalBase = 128;

// The exit status that stands for how `process` ended: its exit code, 128+N for signal N,
// kExitTimedOut when its timeout passed. FAILED_PRECONDITION: it runs. INTERNAL: the guest reports
// an end that no process can have.
absl::StatusOr<int> ExitStatusOf(const guest::v1::Process& process);

}  // namespace orch::ctl

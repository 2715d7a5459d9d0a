#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "guest/v1/computer.pb.h"
#include "orchestrator/v1/browsers.pb.h"

// What people type for option values. Every failure is INVALID_ARGUMENT and quotes what was typed,
// says what is wanted and gives an example.
namespace orch::ctl {

// "1920x1080", within what the API allows.
absl::StatusOr<orchestrator::v1::Viewport> ParseViewport(absl::string_view text);

// "X,Y,W,H" in pixels, W and H at least 1.
absl::StatusOr<guest::v1::Region> ParseRegion(absl::string_view text);

// "NAME=VALUE" each; VALUE may be empty and may contain '='. The last one of a name wins.
absl::StatusOr<std::map<std::string, std::string>> ParseEnvironment(
    const std::vector<std::string>& texts);

// The ports of `forward`.
struct PortForward {
  // 0: any that is free.
  uint16_t local = 0;
  // At least 1.
  uint16_t remote = 0;
};

// "REMOTE" (the same port locally), "LOCAL:REMOTE" or ":REMOTE" (any local port).
absl::StatusOr<PortForward> ParsePortForward(absl::string_view text);

// "90s", "1m30s", "500ms"; more than zero, finite.
absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text);

// When a browser goes into standby, as BrowserSpec has it: "5s", "0s" or "never".
struct StandbyAfter {
  absl::Duration after;
  bool never = false;
};
absl::StatusOr<StandbyAfter> ParseStandbyAfter(absl::string_view text);

// "90s", "0s"; finite.
absl::StatusOr<absl::Duration> ParseWait(absl::string_view text);

// `duration` is finite.
void SetDuration(absl::Duration duration, google::protobuf::Duration& to);

// A whole number of seconds, "10m".
absl::StatusOr<uint32_t> ParseSeconds(absl::string_view text);

// What could be a pool's id or name: 1..255 letters, digits, '.', '_' and '-'.
absl::Status CheckPoolName(absl::string_view text);

// What could be a browser's or a process's id: 1..64 letters, digits, '-' and '_'. Whether it is
// one, the daemon knows.
absl::Status CheckId(absl::string_view text);

}  // namespace orch::ctl

#include "orchestrator/orchctl/format/words.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace orch::ctl {
namespace {

std::string WithoutPrefix(absl::string_view name, absl::string_view prefix, int number) {
  if (name.empty()) return absl::StrCat(number);
  absl::ConsumePrefix(&name, prefix);
  return std::string(name);
}

}  // namespace

std::string Word(orchestrator::v1::BrowserState state) {
  return WithoutPrefix(orchestrator::v1::BrowserState_Name(state), "BROWSER_STATE_", state);
}

std::string Word(orchestrator::v1::StandbyLevel level) {
  return WithoutPrefix(orchestrator::v1::StandbyLevel_Name(level), "STANDBY_LEVEL_", level);
}

std::string Word(orchestrator::v1::BuildPhase phase) {
  return WithoutPrefix(orchestrator::v1::BuildPhase_Name(phase), "BUILD_PHASE_", phase);
}

std::string Word(orchestrator::v1::Accelerator accelerator) {
  return WithoutPrefix(orchestrator::v1::Accelerator_Name(accelerator), "ACCELERATOR_",
                       accelerator);
}

std::string Word(orchestrator::v1::Transport transport) {
  return WithoutPrefix(orchestrator::v1::Transport_Name(transport), "TRANSPORT_", transport);
}

std::string Word(guest::v1::ProcessStatus status) {
  return WithoutPrefix(guest::v1::ProcessStatus_Name(status), "PROCESS_STATUS_", status);
}

std::string Word(guest::v1::ReplayState state) {
  return WithoutPrefix(guest::v1::ReplayState_Name(state), "REPLAY_STATE_", state);
}

std::string Mebibytes(uint64_t mebibytes) { return absl::StrCat(mebibytes, " MiB"); }

std::string ShortDuration(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(absl::ToInt64Seconds(duration), 0);
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (minutes == 0) return absl::StrCat(seconds, "s");
  if (hours == 0) return absl::StrCat(minutes, "m", seconds % 60, "s");
  if (hours < 24) return absl::StrCat(hours, "h", minutes % 60, "m");
  return absl::StrCat(hours / 24, "d", hours % 24, "h");
}

std::string LocalTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S %z", FromTimestamp(time), absl::LocalTimeZone());
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace orch::ctl

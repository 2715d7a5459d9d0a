#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

#include "guest/v1/process.pb.h"
#include "guest/v1/replay.pb.h"
#include "orchestrator/v1/browsers.pb.h"
#include "orchestrator/v1/node.pb.h"
#include "orchestrator/v1/templates.pb.h"

// How single values read in tables.
namespace orch::ctl {

// Enumerators without the prefix that protobuf wants: "READY". A number that this version does not
// know stays one.
std::string Word(orchestrator::v1::BrowserState state);
std::string Word(orchestrator::v1::StandbyLevel level);
std::string Word(orchestrator::v1::BuildPhase phase);
std::string Word(orchestrator::v1::Accelerator accelerator);
std::string Word(orchestrator::v1::Transport transport);
std::string Word(guest::v1::ProcessStatus status);
std::string Word(guest::v1::ReplayState state);

// "512 MiB".
std::string Mebibytes(uint64_t mebibytes);

// Whole units, the two largest at most: "3s", "4m10s", "2h5m", "9d3h". Negative is "0s".
std::string ShortDuration(absl::Duration duration);

// Local time to the second with its zone, "2026-01-31 10:20:30 +0100"; empty when `time` is not
// set.
std::string LocalTime(const google::protobuf::Timestamp& time);

absl::Time FromTimestamp(const google::protobuf::Timestamp& time);

}  // namespace orch::ctl

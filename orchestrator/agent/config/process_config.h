#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace orch::agent {

// The limits of guest.v1.ProcessService, which process.proto explains; the table [process] of
// agent.toml.
struct ProcessConfig {
  uint32_t max_concurrent = 256;
  uint32_t max_queued = 1024;
  absl::Duration default_exec_timeout = absl::Seconds(60);
  absl::Duration max_timeout = absl::Hours(24);
  uint64_t default_output_bytes = uint64_t{1} << 20;
  uint64_t max_log_bytes = uint64_t{4} << 20;
  uint64_t max_input_bytes = uint64_t{64} << 10;
  absl::Duration ended_record_age = absl::Minutes(10);
  uint32_t max_ended_records = 1024;
  uint64_t max_ended_output_bytes = uint64_t{64} << 20;
};

// The largest that each may be: what a guest and a gRPC message can bear.
inline constexpr int64_t kMostConcurrentProcesses = 4096;
inline constexpr int64_t kMostQueuedProcesses = 65536;
inline constexpr int64_t kMostEndedRecords = 65536;
inline constexpr int64_t kMostExecOutputBytes = 8 << 20;
inline constexpr int64_t kMostInputBytes = 4 << 20;
inline constexpr int64_t kLeastLogBytes = 64 << 10;
inline constexpr int64_t kMostLogBytes = 64 << 20;
inline constexpr int64_t kMostEndedOutputBytes = 1 << 30;
inline constexpr absl::Duration kLeastProcessTimeout = absl::Milliseconds(1);
inline constexpr absl::Duration kMostProcessTimeout = absl::Hours(24);
inline constexpr absl::Duration kLeastRecordAge = absl::Seconds(1);
inline constexpr absl::Duration kMostRecordAge = absl::Hours(24);

}  // namespace orch::agent

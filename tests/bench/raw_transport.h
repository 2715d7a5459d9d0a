#pragma once

#include "absl/status/statusor.h"

#include "tests/bench/bench_world.h"

namespace orch::bench {

// How many bytes a guest and its host can exchange when nothing but a program that copies is at
// either end of the channel that otherwise carries the agent's.
struct RawSpeeds {
  double from_guest_mib_per_second = 0;
  double to_guest_mib_per_second = 0;
};

// Of a plain machine that boots a kernel and a shell script. Blocks until `mebibytes` have gone
// each way.
absl::StatusOr<RawSpeeds> MeasureRawTransport(BenchWorld& world, int mebibytes);

}  // namespace orch::bench

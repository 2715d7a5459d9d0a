#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "orchestrator/archive/byte_stream.h"

namespace orch {

// Sinks that compress on the way to `sink`, which outlives them and is finished with them. Both
// compress for speed: archives go over links that are slower than a disk, but not by much.
// RESOURCE_EXHAUSTED: no memory for the compressor.
absl::StatusOr<std::unique_ptr<ByteSink>> NewGzipSink(ByteSink& sink);
absl::StatusOr<std::unique_ptr<ByteSink>> NewZstdSink(ByteSink& sink);

}  // namespace orch

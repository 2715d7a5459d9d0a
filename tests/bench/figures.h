#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "tests/bench/bench_world.h"
#include "tests/bench/row.h"

namespace orch::bench {

// Each measures one thing, and what stands beside it, and leaves nothing behind.
using Figure = absl::StatusOr<std::vector<Row>>(BenchWorld& world);

// Loading a template's devices into a shell and letting it run: what a clone costs its client.
Figure MeasureTemplateLoad;
// The same of a kernel without operating system, and the whole clone with its shell.
Figure MeasureUnikernel;
// A pool's ready browser until it runs, and until the first program in it has run.
Figure MeasureAcquire;
Figure MeasureFork;
// Into standby on disk and back.
Figure MeasureStandby;
// What idle clones of one template take that they do not share.
Figure MeasureMemory;
// The engine of pools on machines that are not there.
Figure MeasurePoolEngine;
// The processor time of a pool in which nothing happens.
Figure MeasurePausedPool;
// CreateBrowser until the browser can be used.
Figure MeasureCreate;
// Exec and StreamOutput, through the daemon and on the agent's own connection.
Figure MeasureCalls;
// The HTTP API and DevTools through the gateway, each beside the way without it.
Figure MeasureGateway;
// Many Execs, many readers of one output, screenshots, and files.
Figure MeasureGuestServices;

}  // namespace orch::bench

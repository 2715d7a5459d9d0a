#pragma once

#include <cstddef>

#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/supervisor/program_log.h"
#include "orchestrator/agent/supervisor/supervisor.h"

namespace orch::agent {

// What the calls of LogService work on. All of it outlives the server.
struct LogServiceContext {
  // Each has a copy of the log, of up to 9 MiB.
  static constexpr size_t kMaxProgramStreams = 8;

  EventLoop& loop;
  Supervisor& supervisor;
  // What the agent itself logs.
  ProgramLog& agent_log;
  // Who reads files.
  FileSystemContext files;
  // Of programs' logs, under way. Confined to the loop.
  size_t program_streams = 0;
};

}  // namespace orch::agent

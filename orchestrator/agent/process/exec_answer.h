#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/resolve_process_spec.h"

namespace orch::agent {

// Checks an Exec against the limits in force and fills in what it leaves open. INVALID_ARGUMENT: a
// field is out of range; the message names it and its limit.
absl::StatusOr<ResolvedProcess> ResolveExec(const ProcessServiceContext& context,
                                            const guest::v1::ExecRequest& request);

// The response of an Exec while it comes together. Not thread-safe.
class ExecAnswer {
 public:
  // `response` outlives it. `config` is that in force.
  ExecAnswer(const guest::v1::ExecRequest& request, const ProcessConfig& config,
             guest::v1::ExecResponse& response);

  // Keeps the beginning of each stream.
  void Append(ChildProcess::Stream stream, absl::string_view bytes);

  void SetEnd(const ChildEnd& end, bool timed_out, absl::Duration duration);

 private:
  const size_t max_output_bytes_;
  guest::v1::ExecResponse& response_;
};

}  // namespace orch::agent

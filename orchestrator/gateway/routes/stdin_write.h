#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// What a process is to read.
struct StdinBytes {
  std::string session_id;
  std::string process_id;
  std::string bytes;
  // Nothing comes after them.
  bool eof = false;
};
// How many bytes were written, or ProcessService.WriteStdin's error.
using StdinDone = absl::AnyInvocable<void(absl::StatusOr<uint64_t>)>;

// Writes to a process's standard input or terminal, in pieces that a message can hold. It is
// cancelled when nobody wants the answer of `call`.
void WriteStdin(const std::shared_ptr<Call>& call, StdinBytes input, StdinDone done);

}  // namespace orch::gateway

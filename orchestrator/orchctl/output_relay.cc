#include "orchestrator/orchctl/output_relay.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {

absl::Status OutputRelay::Write(const guest::v1::OutputChunk& chunk) {
  switch (chunk.stream()) {
    case guest::v1::OUTPUT_STREAM_STDOUT:
    case guest::v1::OUTPUT_STREAM_PTY:
      return WriteAll(STDOUT_FILENO, chunk.data());
    case guest::v1::OUTPUT_STREAM_STDERR:
      return WriteAll(STDERR_FILENO, chunk.data());
    default:
      return absl::InternalError(
          absl::StrCat("the guest sent output of unknown stream ", chunk.stream()));
  }
}

}  // namespace orch::ctl

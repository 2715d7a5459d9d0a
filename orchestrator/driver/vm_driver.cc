#include "orchestrator/driver/vm_driver.h"

#include <algorithm>
#include <utility>

#include "orchestrator/base/status_macros.h"

namespace orch {

absl::StatusOr<std::string> VmDriver::ConsoleTail(const std::string& directory, size_t max_bytes) {
  const absl::StatusOr<std::unique_ptr<VmConsole>> console = OpenConsole(directory);
  if (absl::IsNotFound(console.status())) return "";
  ORCH_RETURN_IF_ERROR(console.status());
  ORCH_ASSIGN_OR_RETURN(const ConsoleChunk all, (*console)->Read(0, 0));
  const uint64_t begin = all.end - std::min<uint64_t>(all.end, max_bytes);
  ORCH_ASSIGN_OR_RETURN(ConsoleChunk tail, (*console)->Read(begin, max_bytes));
  return std::move(tail.bytes);
}

}  // namespace orch

#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_console.h"

namespace orch {

// Looks for a text in what a machine writes to its console: in all of it, from its beginning on and
// as it grows, however much follows, in as much memory as a chunk and the text take. What was cut
// off the log before it was looked at is not found. Not thread-safe.
class ConsoleSearch {
 public:
  // `text` is not empty. `console` must outlive this.
  ConsoleSearch(VmConsole& console, std::string text) : console_(console), text_(std::move(text)) {}

  // Looks at what has come since, at most kMaxLookBytes of it: a guest that writes without end does
  // not hold up its caller. True when the text is there. Errors of VmConsole::Read. Blocks on the
  // disk.
  absl::StatusOr<bool> Look();

  static constexpr uint64_t kMaxLookBytes = uint64_t{8} << 20;

 private:
  VmConsole& console_;
  const std::string text_;
  uint64_t offset_ = 0;
  // The last bytes before `offset_`, of which a text that goes on there may have begun.
  std::string overlap_;
};

}  // namespace orch

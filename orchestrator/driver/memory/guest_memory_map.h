#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "orchestrator/driver/memory/page_run.h"

namespace orch {

// A guest's memory as its process has it: a private, writable mapping of the memory file. What the
// guest wrote are pages of the process; all others are the file's.
//
// Not thread-safe. Calls block for as long as copying takes. The guest must not run meanwhile, and
// the process must not be replaced by another with its pid. Needs the right to trace the process.
class GuestMemoryMap {
 public:
  // Finds the mapping of all of `memory_file` in process `pid`, by what the file is and not by its
  // name. NOT_FOUND: there is no such process or file. FAILED_PRECONDITION: the process has no such
  // mapping.
  static absl::StatusOr<GuestMemoryMap> Find(pid_t pid, const std::string& memory_file);

  uint64_t bytes() const { return bytes_; }

  // The pages that are not the file's, swapped out or not, in order. 2 ms per GiB of memory.
  absl::StatusOr<std::vector<PageRun>> ChangedRuns() const;

  // Copies the pages of `runs`, which must be within the memory, one after another to `to`.
  absl::Status Read(absl::Span<const PageRun> runs, char* to) const;

  // The other way round.
  absl::Status Write(absl::Span<const PageRun> runs, const char* from) const;

 private:
  GuestMemoryMap(pid_t pid, uint64_t address, uint64_t bytes)
      : pid_(pid), address_(address), bytes_(bytes) {}

  enum class Direction { kRead, kWrite };
  absl::Status Copy(Direction direction, absl::Span<const PageRun> runs, char* local) const;

  pid_t pid_ = 0;
  uint64_t address_ = 0;
  uint64_t bytes_ = 0;
};

// A line of /proc/PID/maps. Nothing when it is not one.
struct MappingLine {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t offset = 0;
  dev_t device = 0;
  ino_t inode = 0;
  bool is_private_writable = false;
};
std::optional<MappingLine> ParseMappingLine(absl::string_view line);

}  // namespace orch

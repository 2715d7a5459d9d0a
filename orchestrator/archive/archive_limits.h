#pragma once

#include <sys/types.h>

#include <cstdint>

namespace orch {

// What one archive may hold, against archives that are small and unpack to something huge.
struct ArchiveLimits {
  // Entries, and directories that are made for them.
  uint64_t max_entries = 250'000;
  // Contents of files together, holes counted; and the archive itself.
  uint64_t max_bytes = uint64_t{64} << 30;
  // The mode bits that unpacking keeps. Whoever unpacks for itself what it does not trust leaves
  // out 07000: a set-user-id file would run as who unpacked it.
  mode_t mode_mask = 07777;
};

// What one archive did hold.
struct ArchiveCounts {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  // Sockets, pipes and devices that were left out of an archive that was made.
  uint64_t skipped = 0;
};

}  // namespace orch

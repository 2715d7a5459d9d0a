#pragma once

#include <cstdint>

namespace orch::agent {

// The limits of guest.v1.FileSystemService; the table [filesystem] of agent.toml.
struct FileSystemConfig {
  // Reads, writes, uploads and downloads at a time: each holds a thread and about 1 MiB.
  uint32_t max_streams = 16;
  // Of one archive: entries, and bytes that it unpacks to.
  uint64_t archive_max_entries = 250'000;
  uint64_t archive_max_bytes = uint64_t{64} << 30;
  // Watches at a time, and directories in each.
  uint32_t max_watches = 64;
  uint32_t watch_max_directories = 8192;
};

}  // namespace orch::agent

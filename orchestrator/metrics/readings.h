#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace orch {

// How full a pool is.
struct PoolReading {
  // As given to Metrics::AddPool.
  std::string pool;
  uint64_t desired = 0;
  uint64_t available = 0;
  uint64_t acquired = 0;
  uint64_t pending = 0;
  uint64_t waiting_acquires = 0;
};

// Browsers of one pool in one state.
struct BrowserReading {
  // As given to Metrics::AddPool; empty: of no pool.
  std::string pool;
  // "READY"; one of a fixed few, of static storage.
  absl::string_view state;
  uint64_t count = 0;
};

// What gauges say at one moment. A value; each collector adds the part that it knows, and what
// nobody knows is left out of the answer. Readings of the same pool and state are added up.
struct Readings {
  std::vector<PoolReading> pools;
  std::vector<BrowserReading> browsers;
  std::optional<uint64_t> spare_shells;
  std::optional<uint64_t> templates;
  // On disk, without holes.
  std::optional<uint64_t> template_bytes;
  std::optional<uint64_t> standby_bytes;
  // What all machines together may come to use, and what they may come to use at most.
  std::optional<uint64_t> memory_committed_bytes;
  std::optional<uint64_t> memory_budget_bytes;
  // The processes of virtual machines; their memory is read from /proc.
  std::vector<int64_t> vm_pids;
};

}  // namespace orch

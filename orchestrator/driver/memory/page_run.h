#pragma once

#include <cstddef>
#include <cstdint>

namespace orch {

// The page that the kernel tells about and that page files count in, on every x86-64 host.
inline constexpr size_t kPageBytes = 4096;

// Consecutive pages of a guest's memory, by number from its start.
struct PageRun {
  uint64_t first = 0;
  uint64_t count = 0;

  uint64_t end() const { return first + count; }
  friend bool operator==(const PageRun&, const PageRun&) = default;
};

}  // namespace orch

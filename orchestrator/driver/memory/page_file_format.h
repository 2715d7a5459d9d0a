#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "orchestrator/driver/memory/page_run.h"

namespace orch {

// A page file holds those pages of a guest's memory that differ from its memory file:
//
//   header    one page: PageFileHeader, zeros, and the XXH3 of all before it in the last 8 bytes
//   data      the pages that are not all zeros, in order
//   index     PageFileRun for each run, in order; then the XXH3 of each chunk of data
//
// A chunk is kChunkPages pages, the last one may be shorter. Numbers are little-endian.
inline constexpr char kPageFileMagic[8] = {'o', 'r', 'c', 'h', 'p', 'a', 'g', 'e'};
inline constexpr uint32_t kPageFileVersion = 1;
inline constexpr size_t kChunkPages = 256;
inline constexpr size_t kChunkBytes = kChunkPages * kPageBytes;

static_assert(std::endian::native == std::endian::little);

struct PageFileHeader {
  char magic[8] = {};
  uint32_t version = 0;
  uint32_t page_bytes = 0;
  uint64_t memory_bytes = 0;
  uint64_t run_count = 0;
  uint64_t data_pages = 0;
  uint64_t zero_pages = 0;
  // XXH3 of the index.
  uint64_t index_hash = 0;
};
static_assert(sizeof(PageFileHeader) == 56);

// Pages without data are all zeros.
struct PageFileRun {
  uint32_t first = 0;
  uint32_t count : 31 = 0;
  uint32_t has_data : 1 = 0;

  uint64_t end() const { return uint64_t{first} + count; }
};
static_assert(sizeof(PageFileRun) == 8);

// What a run can count: 8 TiB.
inline constexpr uint64_t kMaxPages = (uint64_t{1} << 31) - 1;

inline constexpr size_t kHeaderHashOffset = kPageBytes - sizeof(uint64_t);

constexpr uint64_t ChunksOf(uint64_t data_pages) {
  return (data_pages + kChunkPages - 1) / kChunkPages;
}

}  // namespace orch

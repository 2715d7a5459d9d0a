#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/agent/child/child_process.h"

namespace orch::agent {

// The output of one process that is kept for readers: chunks numbered from 1, at most `capacity`
// bytes of them.
//
// What happens when it is full, see OutputOverflow in process.proto. When kBlock waits for readers,
// it waits for the slowest of them. Pure; not thread-safe.
class OutputRing {
 public:
  enum class Overflow { kDropOldest, kBlock };
  using ReaderId = uint64_t;

  struct Chunk {
    uint64_t sequence = 0;
    ChildProcess::Stream stream = ChildProcess::kStdout;
    std::string bytes;
    absl::Time time;
  };

  // What a reader gets next: `chunk`, before which `missed_bytes` were dropped. Valid until the
  // next call of the ring.
  struct Item {
    uint64_t missed_bytes = 0;
    // Null: nothing more for now.
    const Chunk* chunk = nullptr;
  };

  OutputRing(size_t capacity, Overflow overflow) : capacity_(capacity), overflow_(overflow) {}

  // Whether there is room for a chunk. Always true of kDropOldest.
  bool HasRoom();

  // Appends a chunk, dropping older ones when there is no room. A chunk may exceed what is left of
  // the capacity.
  void Append(ChildProcess::Stream stream, absl::string_view bytes, absl::Time time);

  // Drops everything; readers are told how much they missed.
  void Clear();

  // A reader of everything from sequence number `from` on; 0 is the oldest that is kept. Bytes
  // dropped since `from` are reported as missed; of drops more than kRememberedDrops chunks ago
  // only the later part.
  ReaderId AddReader(uint64_t from);
  void RemoveReader(ReaderId id);

  // The next chunk for a reader, which is thereby past it. A programmer error for an unknown
  // reader.
  Item Next(ReaderId id);

  // What is kept, oldest first.
  const std::deque<Chunk>& chunks() const { return chunks_; }
  // Bytes after chunk `sequence` that are no longer kept; of drops more than kRememberedDrops
  // chunks ago only the later part.
  uint64_t MissedAfter(uint64_t sequence) const;

  // Bytes kept, with what their bookkeeping costs.
  size_t size() const { return size_; }

  // Of the chunk appended last, 0 when there was none.
  uint64_t last_sequence() const { return next_sequence_ - 1; }

  static constexpr size_t kRememberedDrops = 4096;

 private:
  struct Reader {
    uint64_t next_sequence;
    // Bytes of output before next_sequence.
    uint64_t next_offset;
  };

  void DropFront();
  uint64_t OffsetOf(uint64_t sequence) const;

  const size_t capacity_;
  const Overflow overflow_;
  std::deque<Chunk> chunks_;
  size_t size_ = 0;
  uint64_t next_sequence_ = 1;
  // Bytes ever appended, and before the first chunk kept.
  uint64_t end_offset_ = 0;
  uint64_t front_offset_ = 0;
  // Offsets of the chunks dropped last; the last of them is of the chunk just before the first one
  // kept.
  std::deque<uint64_t> dropped_offsets_;
  std::map<ReaderId, Reader> readers_;
  ReaderId next_reader_ = 1;
  bool had_reader_ = false;
};

}  // namespace orch::agent

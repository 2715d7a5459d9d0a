#include "orchestrator/agent/process/output_ring.h"

#include <algorithm>

namespace orch::agent {
namespace {

// What a chunk costs apart from its bytes: a process that writes single bytes must not make the
// ring large.
constexpr size_t kChunkOverhead = sizeof(OutputRing::Chunk);

}  // namespace

bool OutputRing::HasRoom() {
  if (overflow_ == Overflow::kDropOldest) return true;
  if (!had_reader_) return size_ < capacity_;
  uint64_t slowest = next_sequence_;
  for (const auto& [id, reader] : readers_) slowest = std::min(slowest, reader.next_sequence);
  while (size_ >= capacity_ && chunks_.front().sequence < slowest) DropFront();
  return size_ < capacity_;
}

void OutputRing::Append(ChildProcess::Stream stream, absl::string_view bytes, absl::Time time) {
  const size_t cost = bytes.size() + kChunkOverhead;
  if (overflow_ == Overflow::kDropOldest) {
    while (!chunks_.empty() && size_ + cost > capacity_) DropFront();
  }
  chunks_.push_back(Chunk{next_sequence_++, stream, std::string(bytes), time});
  size_ += cost;
  end_offset_ += bytes.size();
}

void OutputRing::Clear() {
  while (!chunks_.empty()) DropFront();
}

void OutputRing::DropFront() {
  dropped_offsets_.push_back(front_offset_);
  if (dropped_offsets_.size() > kRememberedDrops) dropped_offsets_.pop_front();
  front_offset_ += chunks_.front().bytes.size();
  size_ -= chunks_.front().bytes.size() + kChunkOverhead;
  chunks_.pop_front();
}

uint64_t OutputRing::OffsetOf(uint64_t sequence) const {
  const uint64_t front = next_sequence_ - chunks_.size();
  if (sequence < front) {
    if (sequence == 1) return 0;
    const uint64_t back = std::min<uint64_t>(front - sequence, dropped_offsets_.size());
    return dropped_offsets_[dropped_offsets_.size() - back];
  }
  uint64_t offset = front_offset_;
  for (const Chunk& chunk : chunks_) {
    if (chunk.sequence >= sequence) break;
    offset += chunk.bytes.size();
  }
  return offset;
}

uint64_t OutputRing::MissedAfter(uint64_t sequence) const {
  if (sequence >= next_sequence_ - 1) return 0;
  const uint64_t offset = OffsetOf(sequence + 1);
  return offset < front_offset_ ? front_offset_ - offset : 0;
}

OutputRing::ReaderId OutputRing::AddReader(uint64_t from) {
  had_reader_ = true;
  const uint64_t sequence = from == 0 ? next_sequence_ - chunks_.size() : from;
  readers_.emplace(next_reader_, Reader{sequence, OffsetOf(sequence)});
  return next_reader_++;
}

void OutputRing::RemoveReader(ReaderId id) { readers_.erase(id); }

OutputRing::Item OutputRing::Next(ReaderId id) {
  Reader& reader = readers_.at(id);
  const uint64_t front = next_sequence_ - chunks_.size();
  Item item;
  if (reader.next_sequence < front) {
    item.missed_bytes = front_offset_ - reader.next_offset;
    reader = {front, front_offset_};
  }
  if (reader.next_sequence >= next_sequence_) return item;
  item.chunk = &chunks_[reader.next_sequence - front];
  reader.next_sequence++;
  reader.next_offset += item.chunk->bytes.size();
  return item;
}

}  // namespace orch::agent

#include "orchestrator/framing/byte_queue.h"

namespace orch {

void ByteQueue::Take(size_t count) {
  taken_ += count;
  if (taken_ == bytes_.size()) {
    Clear();
  } else if (taken_ >= bytes_.size() / 2) {
    // Moves no more bytes than were taken, so that each byte is moved at most once on average.
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
}

void ByteQueue::Clear() {
  bytes_.clear();
  taken_ = 0;
}

}  // namespace orch

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace orch::ctl {

// Shows on standard error how far a transfer is and how fast, ten times a second. Does nothing when
// that is no terminal. The line goes away with this. Thread-safe.
class TransferBar {
 public:
  // `total_bytes` 0: not known.
  explicit TransferBar(std::string what, uint64_t total_bytes = 0);
  ~TransferBar();
  TransferBar(const TransferBar&) = delete;
  TransferBar& operator=(const TransferBar&) = delete;

  // So many bytes more have been carried.
  void Add(uint64_t bytes) { done_bytes_ += bytes; }
  void SetTotal(uint64_t total_bytes) { total_bytes_ = total_bytes; }

  // The line for a state, without what moves the cursor: "[####......]  40% 4.0 MiB/s 40 MiB name".
  static std::string Line(const std::string& what, uint64_t done_bytes, uint64_t total_bytes,
                          absl::Duration elapsed);

 private:
  void Show();

  const std::string what_;
  std::atomic<uint64_t> done_bytes_ = 0;
  std::atomic<uint64_t> total_bytes_;
  absl::Mutex mutex_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace orch::ctl

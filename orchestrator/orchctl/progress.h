#pragma once

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace orch::ctl {

// Shows on standard error that something takes long, and for how long by now. Does nothing when
// that is no terminal. The line goes away with this.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // From now on it is this that takes long. The time counts from the beginning. Thread-safe.
  void Set(std::string what);

 private:
  void Show();
  std::string what() const;

  mutable absl::Mutex mutex_;
  std::string what_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace orch::ctl

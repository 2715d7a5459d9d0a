#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace orch::testing {

// What a call that answers through a callback answered: exactly once, in time. Thread-safe.
template <typename T>
class Outcome {
 public:
  // The callback. Move-only.
  class Answer {
   public:
    explicit Answer(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
    Answer(Answer&&) = default;
    Answer& operator=(Answer&&) = delete;
    ~Answer() {
      if (outcome_ != nullptr) outcome_->Drop();
    }
    void operator()(T value) { outcome_->Put(std::move(value)); }

   private:
    std::shared_ptr<Outcome> outcome_;
  };

  // Waits until the callback was called or thrown away; false at `deadline`.
  bool Await(absl::Time deadline) const {
    absl::MutexLock lock(&mutex_);
    const auto over = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return answers_ > 0 || dropped_; };
    return mutex_.AwaitWithDeadline(absl::Condition(&over), deadline);
  }

  int answers() const {
    absl::MutexLock lock(&mutex_);
    return answers_;
  }

  // The first answer, which there must be.
  T Take() {
    absl::MutexLock lock(&mutex_);
    return *std::move(value_);
  }

 private:
  void Put(T value) {
    absl::MutexLock lock(&mutex_);
    if (++answers_ == 1) value_.emplace(std::move(value));
  }
  void Drop() {
    absl::MutexLock lock(&mutex_);
    dropped_ = true;
  }

  mutable absl::Mutex mutex_;
  std::optional<T> value_ ABSL_GUARDED_BY(mutex_);
  int answers_ ABSL_GUARDED_BY(mutex_) = 0;
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::testing

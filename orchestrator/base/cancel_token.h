#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace orch {

// Asks blocking work to stop early, and says why. Thread-safe; cancelled at most once.
class CancelToken {
 public:
  // `reason` is what the work shall return; not OK. Only the first call counts.
  void Cancel(absl::Status reason);

  // OK, or the reason.
  absl::Status status() const;

  // While it lives, `on_cancel` is called when the token is cancelled, at once if it already is.
  // The destructor waits for a call under way. One interruption at a time per token.
  class Interruption {
   public:
    Interruption(CancelToken& token, absl::AnyInvocable<void()> on_cancel);
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

   private:
    CancelToken& token_;
  };

 private:
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> on_cancel_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

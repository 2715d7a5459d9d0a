#pragma once

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace orch {

// Lets an object end while others may still call it back: each callback shares the gate and goes
// through it; once it is closed, nobody does any more. Thread-safe.
//
//   browsers.Release(id, [this, gate = gate_](...) {
//     const CallbackGate::Pass pass(*gate);
//     if (pass.granted()) ...this...
//   });
class CallbackGate {
 public:
  class Pass {
   public:
    explicit Pass(CallbackGate& gate) : gate_(gate), granted_(gate.Enter()) {}
    ~Pass() {
      if (granted_) gate_.Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    bool granted() const { return granted_; }

   private:
    CallbackGate& gate_;
    const bool granted_;
  };

  // Grants no more passes, and waits until those granted have ended. Not for a thread that has one.
  void Close();

 private:
  bool Enter();
  void Leave();

  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  size_t inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace orch

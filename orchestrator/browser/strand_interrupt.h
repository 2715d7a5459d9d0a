#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/model/vm_id.h"

namespace orch {

// Ends early what blocks on one browser's strand: when the browser is to be deleted, when its
// machine has ended, when the daemon stops. What comes after that on the strand blocks again.
// Thread-safe; nothing blocks.
class StrandInterrupt {
 public:
  // What blocks on the strand heeds this one. Shared with it: another takes its place when what it
  // was cancelled for is over.
  std::shared_ptr<CancelToken> token() const;

  void Cancel(const absl::Status& reason) { token()->Cancel(reason); }

  // A deletion is on its way to the strand. Until it is there, nothing blocks any more.
  void ExpectDeletion(const absl::Status& reason);
  void DeletionArrived();
  bool deletion_expected() const;

  // The strand works with `vm`.
  void BeginMachine(const VmId& vm);
  // The strand works with no machine any more.
  void EndMachine();
  // `vm` has ended. False, and nothing happens, when the strand works with another one or none.
  bool MachineStopped(const VmId& vm, const absl::Status& reason);

 private:
  void Renew() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::shared_ptr<CancelToken> token_ ABSL_GUARDED_BY(mutex_) = std::make_shared<CancelToken>();
  std::optional<VmId> machine_ ABSL_GUARDED_BY(mutex_);
  size_t deletions_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace orch

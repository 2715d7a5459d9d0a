#pragma once

#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/store/state_store.h"

namespace orch {

// A StateStore in memory, for tests. Thread-safe. Keeps the contract of state_store.h but for
// surviving the process.
class FakeStateStore : public StateStore {
 public:
  FakeStateStore() = default;
  FakeStateStore(const FakeStateStore&) = delete;
  FakeStateStore& operator=(const FakeStateStore&) = delete;

  absl::Status PutBrowser(const Browser& browser) override;
  absl::StatusOr<Browser> GetBrowser(const SessionId& id) override;
  absl::StatusOr<std::vector<Browser>> ListBrowsers(const BrowserQuery& query) override;
  absl::Status PutPool(const Pool& pool) override;
  absl::Status DeletePool(const PoolId& id) override;
  absl::StatusOr<std::vector<Pool>> ListPools() override;

  // Every write (read) from now on fails with `status` and changes nothing; OK ends that.
  void FailWrites(absl::Status status);
  void FailReads(absl::Status status);

 private:
  absl::Mutex mutex_;
  std::map<SessionId, Browser> browsers_ ABSL_GUARDED_BY(mutex_);
  std::map<PoolId, Pool> pools_ ABSL_GUARDED_BY(mutex_);
  absl::Status write_failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status read_failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

#pragma once

#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/store/key_store.h"

namespace orch {

// A KeyStore in memory, for tests. Thread-safe.
class FakeKeyStore : public KeyStore {
 public:
  FakeKeyStore() = default;
  FakeKeyStore(const FakeKeyStore&) = delete;
  FakeKeyStore& operator=(const FakeKeyStore&) = delete;

  absl::Status PutKey(const ApiKey& key) override;
  absl::Status DeleteKey(const ApiKeyId& id) override;
  absl::StatusOr<std::vector<ApiKey>> ListKeys() override;

  // Every write from now on fails with `status` and changes nothing; OK ends that.
  void FailWrites(absl::Status status);

 private:
  absl::Mutex mutex_;
  std::map<ApiKeyId, ApiKey> keys_ ABSL_GUARDED_BY(mutex_);
  absl::Status write_failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

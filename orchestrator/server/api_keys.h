#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/store/key_store.h"

namespace orch {

// The keys that open the HTTP API. Checking one touches no disk: the hashes are in memory, as the
// store has them. Thread-safe.
class ApiKeys {
 public:
  static constexpr size_t kMaxKeys = 1000;

  // A key whose secret is known for this once.
  struct NewKey {
    ApiKey key;
    // "orch_" and 40 characters of [a-z0-9].
    std::string secret;
  };

  // Reads what there is. `store` and `clock` must outlive it. Errors as KeyStore's.
  static absl::StatusOr<std::unique_ptr<ApiKeys>> Load(KeyStore& store, const Clock& clock);

  // Blocks on the disk. INVALID_ARGUMENT: `name` is too long, no UTF-8 or has control characters.
  // RESOURCE_EXHAUSTED: there are kMaxKeys.
  absl::StatusOr<NewKey> Create(const std::string& name);

  // Blocks on the disk. NOT_FOUND: there is no such key.
  absl::Status Revoke(const ApiKeyId& id);

  // Newest first.
  std::vector<ApiKey> List() const;

  // UNAUTHENTICATED: no key has this secret.
  absl::StatusOr<ApiKey> Check(absl::string_view secret) const;

 private:
  ApiKeys(KeyStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  KeyStore& store_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  // By hash.
  std::map<std::string, ApiKey> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch

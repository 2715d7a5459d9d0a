#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/api_key.h"

namespace orch {

// Keeps API keys through the daemon's death. Thread-safe; calls block on the disk. Errors as
// StateStore's.
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // Inserts or replaces the record of `key.id`. INVALID_ARGUMENT: its name is too long or its hash
  // none.
  virtual absl::Status PutKey(const ApiKey& key) = 0;

  // Removes the record. NOT_FOUND: there is none.
  virtual absl::Status DeleteKey(const ApiKeyId& id) = 0;

  // All of them, newest first, ties by id.
  virtual absl::StatusOr<std::vector<ApiKey>> ListKeys() = 0;
};

}  // namespace orch

#include "orchestrator/store/fake/fake_key_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/key_record.h"

namespace orch {

absl::Status FakeKeyStore::PutKey(const ApiKey& key) {
  ORCH_RETURN_IF_ERROR(ValidateKeyRecord(key));
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(write_failure_);
  keys_.insert_or_assign(key.id, key);
  return absl::OkStatus();
}

absl::Status FakeKeyStore::DeleteKey(const ApiKeyId& id) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(write_failure_);
  if (keys_.erase(id) > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("there is no key ", id.value()));
}

absl::StatusOr<std::vector<ApiKey>> FakeKeyStore::ListKeys() {
  std::vector<ApiKey> keys;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, key] : keys_) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(), [](const ApiKey& a, const ApiKey& b) {
    return std::tie(b.created_at, a.id) < std::tie(a.created_at, b.id);
  });
  return keys;
}

void FakeKeyStore::FailWrites(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  write_failure_ = std::move(status);
}

}  // namespace orch

#include "orchestrator/server/api_keys.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr char kPrefix[] = "orch_";
constexpr size_t kSecretLength = 40;

std::string HashOf(absl::string_view secret) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

absl::Status CheckName(const std::string& name) {
  const bool printable = std::none_of(name.begin(), name.end(),
                                      [](unsigned char c) { return absl::ascii_iscntrl(c); });
  if (name.size() <= ApiKey::kMaxNameBytes && printable) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("name must have at most ", ApiKey::kMaxNameBytes,
                                                 " bytes and no control characters"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiKeys>> ApiKeys::Load(KeyStore& store, const Clock& clock) {
  std::unique_ptr<ApiKeys> keys(new ApiKeys(store, clock));
  ORCH_ASSIGN_OR_RETURN(std::vector<ApiKey> stored, store.ListKeys());
  absl::MutexLock lock(&keys->mutex_);
  for (ApiKey& key : stored) {
    std::string hash = key.secret_hash;
    keys->keys_.emplace(std::move(hash), std::move(key));
  }
  return keys;
}

absl::StatusOr<ApiKeys::NewKey> ApiKeys::Create(const std::string& name) {
  ORCH_RETURN_IF_ERROR(CheckName(name));
  NewKey made{.key = {.id = ApiKeyId::Generate(),
                      .name = name,
                      .secret_hash = {},
                      .created_at = clock_.Now()},
              .secret = absl::StrCat(kPrefix, RandomId(kSecretLength))};
  made.key.secret_hash = HashOf(made.secret);
  {
    // Taken ahead of the disk, so that as many at once as are left get one.
    absl::MutexLock lock(&mutex_);
    if (keys_.size() >= kMaxKeys) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", kMaxKeys, " keys: revoke some first"));
    }
    keys_.emplace(made.key.secret_hash, made.key);
  }
  if (absl::Status put = store_.PutKey(made.key); !put.ok()) {
    absl::MutexLock lock(&mutex_);
    keys_.erase(made.key.secret_hash);
    return put;
  }
  return made;
}

absl::Status ApiKeys::Revoke(const ApiKeyId& id) {
  // The disk first: a key that is good for nothing must not be good again after a restart.
  ORCH_RETURN_IF_ERROR(store_.DeleteKey(id));
  absl::MutexLock lock(&mutex_);
  std::erase_if(keys_, [&id](const auto& entry) { return entry.second.id == id; });
  return absl::OkStatus();
}

std::vector<ApiKey> ApiKeys::List() const {
  std::vector<ApiKey> keys;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [hash, key] : keys_) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(), [](const ApiKey& a, const ApiKey& b) {
    return std::tie(b.created_at, a.id) < std::tie(a.created_at, b.id);
  });
  return keys;
}

absl::StatusOr<ApiKey> ApiKeys::Check(absl::string_view secret) const {
  const std::string hash = HashOf(secret);
  absl::MutexLock lock(&mutex_);
  const auto found = keys_.find(hash);
  if (found == keys_.end()) {
    return absl::UnauthenticatedError("this is no API key of this orchestrator, or it was revoked");
  }
  return found->second;
}

}  // namespace orch

#pragma once

#include <string>

#include "absl/time/time.h"

#include "orchestrator/model/entity_id.h"

namespace orch {

struct ApiKeyKind {
  static constexpr char kName[] = "key_id";
};

using ApiKeyId = EntityId<ApiKeyKind>;

// What a client of the HTTP API proves itself with, as far as it is kept. A value.
struct ApiKey {
  ApiKeyId id;
  // What it was made for; see kMaxNameBytes.
  std::string name;
  // SHA-256 of the secret, in 64 hexadecimal digits. The secret has 200 random bits, so nobody
  // finds it by trying.
  std::string secret_hash;
  absl::Time created_at;

  static constexpr size_t kMaxNameBytes = 255;
};

}  // namespace orch

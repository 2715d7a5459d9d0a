#include "orchestrator/daemon/url_secret.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// Characters of [a-z0-9]: 256 random bits and some.
constexpr size_t kLength = 50;

}  // namespace

absl::StatusOr<std::string> LoadUrlSecret(const std::string& path) {
  absl::StatusOr<std::string> secret = ReadFile(path, kLength);
  if (secret.ok() && secret->size() != kLength) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is damaged: remove it, which makes the URLs given out so far useless"));
  }
  if (secret.status().code() != absl::StatusCode::kNotFound) return secret;
  const std::string made = RandomId(kLength);
  ORCH_RETURN_IF_ERROR(WriteFileAtomically(path, made, 0600));
  return made;
}

}  // namespace orch

#include "orchestrator/store/key_record.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/store/record_checks.h"

namespace orch {
namespace {

constexpr size_t kHashDigits = 64;

}  // namespace

absl::Status ValidateKeyRecord(const ApiKey& key) {
  const std::string name = absl::StrCat("record of key ", key.id.value());
  if (key.name.size() > ApiKey::kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": name has more than ", ApiKey::kMaxNameBytes, " bytes"));
  }
  const bool is_hash =
      key.secret_hash.size() == kHashDigits &&
      std::all_of(key.secret_hash.begin(), key.secret_hash.end(),
                  [](unsigned char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); });
  if (!is_hash) return absl::InvalidArgumentError(absl::StrCat(name, ": secret_hash is none"));
  return CheckRecordTime(name, "created_at", key.created_at);
}

}  // namespace orch

#include "orchestrator/snapshot/sealed_text.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/snapshot/content_hash.h"

namespace orch {
namespace {

std::string SealOf(absl::string_view text) {
  return absl::StrCat("# xxh3-128 ", HashBytes(text), "\n");
}

}  // namespace

std::string SealText(absl::string_view text) { return absl::StrCat(text, SealOf(text)); }

absl::StatusOr<absl::string_view> UnsealText(absl::string_view sealed) {
  // A seal has the same length, whatever it seals.
  const size_t length = SealOf("").size();
  if (sealed.size() >= length) {
    const absl::string_view text = sealed.substr(0, sealed.size() - length);
    if (sealed.substr(text.size()) == SealOf(text)) return text;
  }
  return absl::DataLossError("its checksum is missing or another one");
}

}  // namespace orch

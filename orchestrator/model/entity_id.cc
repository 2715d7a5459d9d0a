#include "orchestrator/model/entity_id.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace orch {

absl::Status CheckEntityId(absl::string_view name, absl::string_view text) {
  const bool well_formed =
      text.size() == kEntityIdLength && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      });
  if (well_formed) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " \"", absl::CHexEscape(text.substr(0, 64)),
                                                 "\" is not 24 characters of [a-z0-9]"));
}

}  // namespace orch

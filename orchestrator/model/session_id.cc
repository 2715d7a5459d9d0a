#include "orchestrator/model/session_id.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/random_id.h"

namespace orch {

SessionId SessionId::Generate() { return SessionId(RandomId(kLength)); }

absl::StatusOr<SessionId> SessionId::Parse(absl::string_view text) {
  const bool well_formed =
      text.size() == kLength && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      });
  if (!well_formed) {
    return absl::InvalidArgumentError(absl::StrCat("session_id \"",
                                                   absl::CHexEscape(text.substr(0, 64)),
                                                   "\" is not 24 characters of [a-z0-9]"));
  }
  return SessionId(std::string(text));
}

}  // namespace orch

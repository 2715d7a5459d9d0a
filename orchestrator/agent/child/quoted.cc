#include "orchestrator/agent/child/quoted.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace orch::agent {

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxQuotedBytes)),
                      text.size() > kMaxQuotedBytes ? "...\"" : "\"");
}

}  // namespace orch::agent

#include "orchestrator/gateway/http/http_message.h"

#include "absl/strings/match.h"

namespace orch::gateway {

absl::string_view FindHeader(const HttpHeaders& headers, absl::string_view name) {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

}  // namespace orch::gateway

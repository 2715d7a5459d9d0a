#include "orchestrator/server/page_token.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace orch {

std::string EncodePageToken(const BrowserCursor& cursor) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(absl::ToUnixNanos(cursor.created_at), ".", cursor.id.value()));
}

absl::StatusOr<std::optional<BrowserCursor>> DecodePageToken(absl::string_view token) {
  if (token.empty()) return std::nullopt;
  std::string text;
  if (token.size() <= 128 && absl::WebSafeBase64Unescape(token, &text)) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('.', 1));
    int64_t nanoseconds = 0;
    absl::StatusOr<SessionId> id = SessionId::Parse(parts.second);
    if (absl::SimpleAtoi(parts.first, &nanoseconds) && id.ok()) {
      return BrowserCursor{.created_at = absl::FromUnixNanos(nanoseconds), .id = *std::move(id)};
    }
  }
  return absl::InvalidArgumentError(
      "page_token is not a next_page_token of an earlier answer; leave it empty to begin anew");
}

}  // namespace orch

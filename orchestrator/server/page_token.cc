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
namespace {

template <typename Cursor>
std::string Encode(const Cursor& cursor) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(absl::ToUnixNanos(cursor.created_at), ".", cursor.id.value()));
}

template <typename Cursor>
absl::StatusOr<std::optional<Cursor>> Decode(absl::string_view token) {
  if (token.empty()) return std::nullopt;
  std::string text;
  if (token.size() <= 128 && absl::WebSafeBase64Unescape(token, &text)) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('.', 1));
    int64_t nanoseconds = 0;
    auto id = decltype(Cursor::id)::Parse(parts.second);
    if (absl::SimpleAtoi(parts.first, &nanoseconds) && id.ok()) {
      return Cursor{.created_at = absl::FromUnixNanos(nanoseconds), .id = *std::move(id)};
    }
  }
  return absl::InvalidArgumentError(
      "page_token is not a next_page_token of an earlier answer; leave it empty to begin anew");
}

}  // namespace

std::string EncodePageToken(const BrowserCursor& cursor) { return Encode(cursor); }

std::string EncodePageToken(const PoolCursor& cursor) { return Encode(cursor); }

absl::StatusOr<std::optional<BrowserCursor>> DecodePageToken(absl::string_view token) {
  return Decode<BrowserCursor>(token);
}

absl::StatusOr<std::optional<PoolCursor>> DecodePoolPageToken(absl::string_view token) {
  return Decode<PoolCursor>(token);
}

}  // namespace orch

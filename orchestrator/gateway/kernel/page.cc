#include "orchestrator/gateway/kernel/page.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch::gateway {
namespace {

constexpr uint32_t kMaxOffset = 1'000'000;

absl::StatusOr<uint32_t> QueryNumber(const Call& call, absl::string_view name,
                                     uint32_t default_value, uint32_t low, uint32_t high) {
  const std::optional<std::string> text = call.request().target.Query(name);
  if (!text.has_value()) return default_value;
  uint32_t value = 0;
  if (!absl::SimpleAtoi(*text, &value) || value < low || value > high) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " must be a whole number, ", low, "..", high));
  }
  return value;
}

}  // namespace

void Page::Answer(Call& call) {
  HttpHeaders headers = {{"X-Limit", absl::StrCat(limit_)},
                         {"X-Offset", absl::StrCat(offset_)},
                         {"X-Has-More", seen_ > offset_ + limit_ ? "true" : "false"}};
  if (seen_ > offset_ + limit_)
    headers.emplace_back("X-Next-Offset", absl::StrCat(offset_ + limit_));
  call.AnswerJson(elements_, 200, std::move(headers));
}

absl::StatusOr<Page> ReadPage(const Call& call) {
  ORCH_ASSIGN_OR_RETURN(const uint32_t limit, QueryNumber(call, "limit", 20, 1, 100));
  ORCH_ASSIGN_OR_RETURN(const uint32_t offset, QueryNumber(call, "offset", 0, 0, kMaxOffset));
  return Page(offset, limit);
}

absl::StatusOr<bool> QueryBool(const Call& call, absl::string_view name, bool default_value) {
  const std::optional<std::string> text = call.request().target.Query(name);
  if (!text.has_value()) return default_value;
  if (*text == "true") return true;
  if (*text == "false") return false;
  return absl::InvalidArgumentError(absl::StrCat(name, " must be true or false"));
}

}  // namespace orch::gateway

#include "orchestrator/snapshot/console_search.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kChunkBytes = size_t{64} << 10;

}  // namespace

absl::StatusOr<bool> ConsoleSearch::Look() {
  for (uint64_t looked_at = 0; looked_at < kMaxLookBytes;) {
    ORCH_ASSIGN_OR_RETURN(const ConsoleChunk chunk, console_.Read(offset_, kChunkBytes));
    if (chunk.offset != offset_) overlap_.clear();  // It was cut.
    offset_ = chunk.offset + chunk.bytes.size();
    if (chunk.bytes.empty()) return false;
    looked_at += chunk.bytes.size();
    std::string window = absl::StrCat(overlap_, chunk.bytes);
    if (absl::StrContains(window, text_)) return true;
    overlap_ = window.substr(window.size() - std::min(window.size(), text_.size() - 1));
  }
  return false;
}

}  // namespace orch

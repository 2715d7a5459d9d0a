#include "orchestrator/driver/memory/changed_pages.h"

namespace orch {

void ChangedPages::Add(absl::Span<const uint64_t> pagemap_entries) {
  for (const uint64_t entry : pagemap_entries) {
    const uint64_t page = next_page_++;
    if (!IsChangedPage(entry)) continue;
    if (!runs_.empty() && runs_.back().end() == page) {
      ++runs_.back().count;
    } else {
      runs_.push_back({.first = page, .count = 1});
    }
  }
}

}  // namespace orch

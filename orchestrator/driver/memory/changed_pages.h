#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "orchestrator/driver/memory/page_run.h"

namespace orch {

// Whether a page of a private file mapping is no longer the file's, by its entry in
// /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst): it is swapped out, or it is present
// and not the file's. A page that was only read is the file's; one that was never touched has
// neither bit.
constexpr bool IsChangedPage(uint64_t pagemap_entry) {
  constexpr uint64_t kFilePage = uint64_t{1} << 61;
  constexpr uint64_t kSwapped = uint64_t{1} << 62;
  constexpr uint64_t kPresent = uint64_t{1} << 63;
  return (pagemap_entry & kSwapped) != 0 ||
         ((pagemap_entry & kPresent) != 0 && (pagemap_entry & kFilePage) == 0);
}

// Collects the changed pages of a mapping whose pagemap comes in pieces, from its start on.
class ChangedPages {
 public:
  // The entries that follow those of the last call.
  void Add(absl::Span<const uint64_t> pagemap_entries);

  // In order; runs that touch are one.
  const std::vector<PageRun>& runs() const { return runs_; }

 private:
  uint64_t next_page_ = 0;
  std::vector<PageRun> runs_;
};

}  // namespace orch

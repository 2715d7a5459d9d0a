#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// The watches that are open, by their ids. Not thread-safe: confined to the watches' loop.
class WatchTable {
 public:
  explicit WatchTable(uint32_t max_watches) : max_watches_(max_watches) {}

  // Enters a watch that `stop` ends and returns its id. RESOURCE_EXHAUSTED: there are too many.
  absl::StatusOr<std::string> Add(absl::AnyInvocable<void()> stop);

  // Unknown ids are ignored.
  void Remove(absl::string_view id) { watches_.erase(id); }

  // Ends a watch; its call removes it. NOT_FOUND: there is no such watch.
  absl::Status Stop(absl::string_view id);

 private:
  const uint32_t max_watches_;
  absl::flat_hash_map<std::string, absl::AnyInvocable<void()>> watches_;
};

}  // namespace orch::agent

#include "orchestrator/agent/filesystem/watch_table.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/quoted.h"
#include "orchestrator/base/random_id.h"

namespace orch::agent {
namespace {

constexpr size_t kIdCharacters = 24;

}  // namespace

absl::StatusOr<std::string> WatchTable::Add(absl::AnyInvocable<void()> stop) {
  if (watches_.size() >= max_watches_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        max_watches_, " watches are open, which is the limit of a browser; stop one first"));
  }
  std::string id = RandomId(kIdCharacters);
  watches_[id] = std::move(stop);
  return id;
}

absl::Status WatchTable::Stop(absl::string_view id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) {
    return absl::NotFoundError(absl::StrCat("there is no watch ", Quoted(id), "; it has ended"));
  }
  // Running it removes the entry.
  absl::AnyInvocable<void()> stop = std::move(found->second);
  std::move(stop)();
  return absl::OkStatus();
}

}  // namespace orch::agent

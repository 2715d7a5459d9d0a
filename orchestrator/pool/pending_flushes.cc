#include "orchestrator/pool/pending_flushes.h"

#include <utility>

namespace orch {

void PendingFlushes::Add(absl::flat_hash_set<SessionId> ids, Done done) {
  flushes_.push_back({.left = std::move(ids), .done = std::move(done)});
}

std::vector<PendingFlushes::Done> PendingFlushes::Ended(const SessionId& id) {
  std::vector<Done> over;
  for (auto it = flushes_.begin(); it != flushes_.end();) {
    if (it->left.erase(id) == 0 || !it->left.empty()) {
      ++it;
      continue;
    }
    over.push_back(std::move(it->done));
    it = flushes_.erase(it);
  }
  return over;
}

std::vector<PendingFlushes::Done> PendingFlushes::Failed(const SessionId& id) {
  std::vector<Done> over;
  for (auto it = flushes_.begin(); it != flushes_.end();) {
    if (!it->left.contains(id)) {
      ++it;
      continue;
    }
    over.push_back(std::move(it->done));
    it = flushes_.erase(it);
  }
  return over;
}

std::vector<PendingFlushes::Done> PendingFlushes::TakeAll() {
  std::vector<Done> all;
  for (Flush& flush : std::exchange(flushes_, {})) all.push_back(std::move(flush.done));
  return all;
}

}  // namespace orch

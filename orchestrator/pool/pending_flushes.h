#pragma once

#include <list>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "orchestrator/model/session_id.h"

namespace orch {

// Calls that wait until each of some browsers has its end on record. Not thread-safe.
class PendingFlushes {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `ids` are not empty. `done` is called by whoever takes it from here.
  void Add(absl::flat_hash_set<SessionId> ids, Done done);

  // The end of `id` is on record: those that now have nothing more to wait for.
  std::vector<Done> Ended(const SessionId& id);

  // The end of `id` could not be put on record for now: those that wait for it.
  std::vector<Done> Failed(const SessionId& id);

  // All of them.
  std::vector<Done> TakeAll();

 private:
  struct Flush {
    absl::flat_hash_set<SessionId> left;
    Done done;
  };

  std::list<Flush> flushes_;
};

}  // namespace orch

#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/model/session_id.h"

namespace orch {

// What a starting daemon finds on its host.
struct RecoveryInput {
  // Records that are not terminal.
  std::vector<Browser> records;
  absl::flat_hash_set<SessionId> running_vms;
  absl::flat_hash_set<SessionId> directories;
};

// What it does about it.
struct RecoveryPlan {
  struct Failure {
    SessionId id;
    std::string reason;
  };
  // Go on as they are.
  std::vector<SessionId> adopt;
  // Tear down, then record as FAILED.
  std::vector<Failure> fail;
  // Tear down, then record as DELETED.
  std::vector<SessionId> finish_deleting;
  // Virtual machines and directories that no record owns: destroy and remove.
  std::vector<SessionId> orphans;
};

// Decides, from the records and what really exists. Pure.
RecoveryPlan PlanRecovery(const RecoveryInput& input);

}  // namespace orch

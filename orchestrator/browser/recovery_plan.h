#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/model/vm_id.h"

namespace orch {

// What a starting daemon finds on its host.
struct RecoveryInput {
  // Records that are not terminal.
  std::vector<Browser> records;
  absl::flat_hash_set<VmId> running_vms;
  absl::flat_hash_set<VmId> directories;
};

// What it does about it.
struct RecoveryPlan {
  struct Failure {
    SessionId id;
    std::string reason;
  };
  // Go on as their records say, in their machines or asleep on disk.
  std::vector<SessionId> adopt;
  // Tear down, then record as FAILED.
  std::vector<Failure> fail;
  // Tear down, then record as DELETED.
  std::vector<SessionId> finish_deleting;
  // Machines and directories that no adopted browser runs in (shells, templates that were being
  // made, machines that were about to go): destroy and remove.
  std::vector<VmId> orphans;
  // Browsers whose saved states are to be kept; all others are leftovers.
  std::vector<SessionId> asleep;
};

// Decides, from the records and what really exists. Pure.
RecoveryPlan PlanRecovery(const RecoveryInput& input);

}  // namespace orch

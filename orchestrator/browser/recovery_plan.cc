#include "orchestrator/browser/recovery_plan.h"

namespace orch {

RecoveryPlan PlanRecovery(const RecoveryInput& input) {
  RecoveryPlan plan;
  absl::flat_hash_set<VmId> orphans = input.running_vms;
  orphans.insert(input.directories.begin(), input.directories.end());
  for (const Browser& browser : input.records) {
    if (browser.state == BrowserState::kDeleting) {
      plan.finish_deleting.push_back(browser.id);
    } else if (browser.state == BrowserState::kCreating) {
      plan.fail.push_back({browser.id, "the daemon ended while the browser was being created"});
    } else if (browser.standby_level == StandbyLevel::kDisk) {
      plan.adopt.push_back(browser.id);
      plan.asleep.push_back(browser.id);
    } else if (browser.vm.has_value() && input.running_vms.contains(*browser.vm)) {
      plan.adopt.push_back(browser.id);
      orphans.erase(*browser.vm);
    } else {
      plan.fail.push_back(
          {browser.id, "its virtual machine ended while the daemon was not running"});
    }
  }
  plan.orphans.assign(orphans.begin(), orphans.end());
  return plan;
}

}  // namespace orch

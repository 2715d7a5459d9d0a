// How a registry goes on with what an earlier daemon left.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/browser_registry.h"

namespace orch {

absl::Status BrowserRegistry::Recover() {
  ORCH_RETURN_IF_ERROR(records_.Load());
  RecoveryInput input{.records = records_.Live(), .running_vms = {}, .directories = {}};
  {
    absl::MutexLock lock(&mutex_);
    for (const Browser& browser : input.records) {
      auto entry = std::make_shared<LiveBrowser>(browser.id, world_, strand_pool_,
                                                 /*settled=*/nullptr);
      entry->Start();
      entries_.emplace(browser.id, std::move(entry));
      deps_.budget.Adopt(browser.id.value(), browser.spec.memory_mib, browser.vm.has_value());
    }
  }
  watch_ = records_.Watch([this](const Browser& browser) { OnRecord(browser); });
  // Before List: a machine that ends meanwhile is noticed one way or the other.
  vm_events_ = deps_.driver.Subscribe([this](const VmEvent& event) { OnVmEvent(event); });
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmInfo> vms, deps_.driver.List());
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmId> directories, deps_.directories.List());
  input.directories.insert(directories.begin(), directories.end());
  for (const VmInfo& vm : vms) input.running_vms.insert(vm.id);
  const RecoveryPlan plan = PlanRecovery(input);
  ORCH_RETURN_IF_ERROR(deps_.states.RemoveLeftovers(plan.asleep));
  Apply(plan, vms);
  deadlines_.Set(upkeep_, deps_.clock.Uptime() + kUpkeepPeriod);
  return deadlines_.Start();
}

void BrowserRegistry::Apply(const RecoveryPlan& plan, const std::vector<VmInfo>& vms) {
  for (const VmId& id : plan.orphans) {
    Log(LogLevel::kInfo, "orphan_found", {{"vm_id", id.value()}});
    deps_.shells.Abandon(id);
  }
  AdoptAll(plan, vms);
  absl::BlockingCounter left(static_cast<int>(plan.fail.size() + plan.finish_deleting.size()));
  for (const RecoveryPlan::Failure& failure : plan.fail) {
    Find(failure.id)->Run([&left, reason = failure.reason](LiveBrowser& browser) {
      browser.Fail(absl::AbortedError(reason));
      left.DecrementCount();
    });
  }
  for (const SessionId& id : plan.finish_deleting) {
    Find(id)->Run([&left](LiveBrowser& browser) {
      browser.Delete(nullptr);
      left.DecrementCount();
    });
  }
  left.Wait();
}

void BrowserRegistry::AdoptAll(const RecoveryPlan& plan, const std::vector<VmInfo>& vms) {
  for (const SessionId& id : plan.adopt) {
    const absl::StatusOr<Browser> record = records_.GetLive(id);
    const Entry entry = Find(id);
    if (!record.ok() || entry == nullptr) continue;
    std::optional<VmInfo> machine;
    for (const VmInfo& vm : vms) {
      if (vm.id == record->vm) machine = vm;
    }
    // Pins the template.
    absl::StatusOr<TemplateRef> base = FindBase(*record);
    if (!machine.has_value() && absl::IsDataLoss(base.status())) {
      entry->Run([lost = base.status()](LiveBrowser& browser) { browser.Fail(lost); });
      continue;
    }
    if (!base.ok()) {
      Log(LogLevel::kWarning, "template_missing",
          {{"session_id", id.value()}, {"status", base.status()}});
    }
    entry->Run([machine, base = base.ok() ? *base : nullptr](LiveBrowser& browser) {
      browser.Adopt(machine, base);
    });
  }
}

absl::StatusOr<TemplateRef> BrowserRegistry::FindBase(const Browser& record) const {
  const std::string& build = record.template_build;
  if (record.standby_level == StandbyLevel::kDisk) {
    absl::StatusOr<TemplateRef> base = deps_.states.BaseOf(record.id);
    if (absl::IsNotFound(base.status())) return absl::DataLossError(base.status().message());
    if (base.ok() && !build.empty() && (*base)->build != build) {
      return absl::DataLossError(absl::StrCat("its saved state is of build ", (*base)->build,
                                              " of its template, not of ", build));
    }
    if (base.ok() || absl::IsDataLoss(base.status())) return base;
  }
  if (!build.empty()) return deps_.catalog.Peek(record.template_key, build);
  return absl::NotFoundError("its record does not say of which build of its template it is");
}

}  // namespace orch

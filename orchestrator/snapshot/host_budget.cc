#include "orchestrator/snapshot/host_budget.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {

void HostBudget::Adopt(const std::string& browser, uint64_t memory_mib, bool awake) {
  absl::MutexLock lock(&mutex_);
  if (!shares_.emplace(browser, Share{memory_mib, awake}).second) return;
  if (awake) committed_mib_ += memory_mib;
}

absl::Status HostBudget::Admit(const std::string& browser, uint64_t memory_mib) {
  absl::MutexLock lock(&mutex_);
  if (limits_.max_browsers != 0 && shares_.size() >= limits_.max_browsers) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the host is full: it has ", shares_.size(), " of ", limits_.max_browsers,
                     " browsers; delete some or raise max_browsers"));
  }
  ORCH_RETURN_IF_ERROR(CheckMemory(memory_mib));
  if (shares_.emplace(browser, Share{memory_mib, true}).second) committed_mib_ += memory_mib;
  return absl::OkStatus();
}

absl::Status HostBudget::Wake(const std::string& browser) {
  absl::MutexLock lock(&mutex_);
  const auto it = shares_.find(browser);
  if (it == shares_.end() || it->second.awake) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(CheckMemory(it->second.memory_mib));
  it->second.awake = true;
  committed_mib_ += it->second.memory_mib;
  return absl::OkStatus();
}

void HostBudget::Sleep(const std::string& browser) {
  absl::MutexLock lock(&mutex_);
  const auto it = shares_.find(browser);
  if (it == shares_.end() || !it->second.awake) return;
  it->second.awake = false;
  committed_mib_ -= it->second.memory_mib;
}

void HostBudget::Remove(const std::string& browser) {
  absl::MutexLock lock(&mutex_);
  const auto it = shares_.find(browser);
  if (it == shares_.end()) return;
  if (it->second.awake) committed_mib_ -= it->second.memory_mib;
  shares_.erase(it);
}

absl::Status HostBudget::CheckMemory(uint64_t memory_mib) const {
  if (committed_mib_ + memory_mib <= limits_.memory_mib) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the host is full: browsers hold ", committed_mib_, " of ", limits_.memory_mib,
      " MiB and this one needs ", memory_mib,
      " MiB; delete browsers, let some sleep, or raise memory_budget_mib or memory_overcommit"));
}

absl::Status HostBudget::CheckStandby(uint64_t bytes) const {
  if (limits_.standby_bytes == 0 || bytes < limits_.standby_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("sleeping browsers take ", bytes, " of ", limits_.standby_bytes,
                   " bytes on disk; delete some or raise standby_budget_mib"));
}

uint64_t HostBudget::committed_mib() const {
  absl::MutexLock lock(&mutex_);
  return committed_mib_;
}

}  // namespace orch

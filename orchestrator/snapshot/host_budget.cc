#include "orchestrator/snapshot/host_budget.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// The type of a payload, as absl::Status asks for.
constexpr char kLackOfMemory[] = "orchestrator/lack-of-memory";

}  // namespace

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

absl::StatusOr<HostBudget::Reservation> HostBudget::Reserve(uint64_t memory_mib) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(CheckMemory(memory_mib));
  committed_mib_ += memory_mib;
  return Reservation(*this, memory_mib);
}

void HostBudget::Release(uint64_t memory_mib) {
  absl::MutexLock lock(&mutex_);
  committed_mib_ -= memory_mib;
}

absl::Status HostBudget::CheckMemory(uint64_t memory_mib) const {
  if (committed_mib_ + kept_free_mib_ + memory_mib <= limits_.memory_mib) return absl::OkStatus();
  absl::Status full = absl::ResourceExhaustedError(absl::StrCat(
      "the host is full: browsers and template builds hold ", committed_mib_,
      kept_free_mib_ == 0 ? "" : absl::StrCat(" and wait for ", kept_free_mib_), " of ",
      limits_.memory_mib, " MiB and this one needs ", memory_mib,
      " MiB; delete browsers, let some sleep, or raise memory_budget_mib or memory_overcommit"));
  full.SetPayload(kLackOfMemory, absl::Cord());
  return full;
}

absl::Status HostBudget::CheckRoom(uint64_t memory_mib) const {
  absl::MutexLock lock(&mutex_);
  return CheckMemory(memory_mib);
}

bool HostBudget::IsLackOfMemory(const absl::Status& status) {
  return status.GetPayload(kLackOfMemory).has_value();
}

uint64_t HostBudget::MissingMib(uint64_t memory_mib) const {
  absl::MutexLock lock(&mutex_);
  const uint64_t wanted = committed_mib_ + memory_mib;
  return wanted - std::min(wanted, limits_.memory_mib);
}

void HostBudget::KeepFree(uint64_t memory_mib) {
  absl::MutexLock lock(&mutex_);
  kept_free_mib_ = memory_mib;
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

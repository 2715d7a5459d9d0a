#include "orchestrator/snapshot/templates.h"

#include <utility>

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kLookupThreads = 2;

}  // namespace

Templates::Templates(TemplateCatalog& catalog, TemplateBuilder& builder, ImageCatalog& images,
                     HostBudget& budget, size_t max_concurrent_builds)
    : catalog_(catalog),
      builder_(builder),
      images_(images),
      budget_(budget),
      build_pool_(max_concurrent_builds),
      lookup_pool_(kLookupThreads) {}

Templates::~Templates() { Cancel(absl::UnavailableError("the daemon is stopping")); }

void Templates::Cancel(const absl::Status& reason) {
  std::vector<std::shared_ptr<Build>> builds;
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = reason;
    for (const auto& [key, build] : builds_) builds.push_back(build);
  }
  for (const std::shared_ptr<Build>& build : builds) build->cancel.Cancel(reason);
}

void Templates::GetOrBuild(const TemplateSpec& spec, const Image& image, Memory memory, Done done,
                           OnPhase on_phase) {
  const std::string key = TemplateKey(spec);
  auto waiter = std::make_shared<Waiter>(Waiter{memory, std::move(done), std::move(on_phase)});
  {
    absl::MutexLock lock(&mutex_);
    std::shared_ptr<Build>& build = builds_[key];
    if (build != nullptr) {
      build->waiters.push_back(std::move(waiter));
      return;
    }
    build = std::make_shared<Build>();
    build->waiters.push_back(std::move(waiter));
    if (!cancelled_.ok()) build->cancel.Cancel(cancelled_);
  }
  lookup_pool_.Run([this, key, spec, image] {
    // What is there must not wait behind builds.
    if (catalog_.Peek(key).ok()) {
      Run(key, spec, image);
    } else {
      build_pool_.Run([this, key, spec, image] { Run(key, spec, image); });
    }
  });
}

void Templates::Run(const std::string& key, const TemplateSpec& spec, const Image& image) {
  std::shared_ptr<Build> build;
  {
    absl::MutexLock lock(&mutex_);
    build = builds_.at(key);
  }
  const absl::StatusOr<TemplateRef> made = FindOrMake(key, spec, image, build->cancel);
  if (!made.ok()) {
    Log(LogLevel::kError, "template_failed", {{"template", key}, {"status", made.status()}});
  }
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters = std::move(build->waiters);
    if (const auto it = builds_.find(key); it != builds_.end() && it->second == build) {
      builds_.erase(it);
    }
  }
  for (const std::shared_ptr<Waiter>& waiter : waiters) waiter->done(made);
}

absl::StatusOr<TemplateRef> Templates::FindOrMake(const std::string& key, const TemplateSpec& spec,
                                                  const Image& image, CancelToken& cancel) {
  ORCH_RETURN_IF_ERROR(cancel.status());
  absl::StatusOr<TemplateRef> found = catalog_.Get(key);
  // A damaged one has been removed: it is built anew.
  if (found.ok() || (!absl::IsNotFound(found.status()) && !absl::IsDataLoss(found.status()))) {
    return found;
  }
  ORCH_RETURN_IF_ERROR(images_.Verify(image));
  ORCH_ASSIGN_OR_RETURN(const HostBudget::Reservation memory, TakeMemory(key, spec));
  return builder_.Build(
      spec, image, [&](BuildPhase phase) { Announce(key, phase); }, cancel);
}

absl::StatusOr<HostBudget::Reservation> Templates::TakeMemory(const std::string& key,
                                                              const TemplateSpec& spec) {
  absl::MutexLock lock(&mutex_);
  const auto build = builds_.find(key);
  for (const std::shared_ptr<Waiter>& waiter : build->second->waiters) {
    if (waiter->memory == Memory::kCallers) return HostBudget::Reservation();
  }
  absl::StatusOr<HostBudget::Reservation> memory = budget_.Reserve(spec.browser.memory_mib);
  if (!memory.ok()) builds_.erase(build);
  return memory;
}

void Templates::Announce(const std::string& key, BuildPhase phase) {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters = builds_.at(key)->waiters;
  }
  if (phase == BuildPhase::kDone) return;
  for (const std::shared_ptr<Waiter>& waiter : waiters) {
    if (waiter->on_phase) waiter->on_phase(phase);
  }
}

}  // namespace orch

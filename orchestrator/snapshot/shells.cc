#include "orchestrator/snapshot/shells.h"

#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/snapshot/scratch_disks.h"
#include "orchestrator/snapshot/vm_files.h"

namespace orch {
namespace {

// Whoever took a shell goes first: starting a process beside it would slow its wake down.
constexpr absl::Duration kHeadStart = absl::Milliseconds(300);

}  // namespace

Shells::Shells(VmDriver& driver, VmDirectories& directories, MachineObserver& observer,
               const Clock& clock, Options options)
    : driver_(driver),
      directories_(directories),
      observer_(observer),
      clock_(clock),
      options_(options),
      pool_(options.max_concurrent_starts) {}

Shells::~Shells() {
  std::vector<Shell> shells;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (auto& [key, stock] : stocks_) {
      std::move(stock.spare.begin(), stock.spare.end(), std::back_inserter(shells));
    }
    stocks_.clear();
  }
  DestroyAll(shells);
}

absl::StatusOr<Shell> Shells::Take(const TemplateRef& base) {
  while (true) {
    std::optional<Shell> spare;
    std::vector<Shell> outdated;
    {
      absl::MutexLock lock(&mutex_);
      for (auto it = stocks_.begin(); it != stocks_.end();) {
        const bool other_build = it->second.template_key == base->key && it->first != base->build;
        it = other_build ? GiveUp(it, outdated) : std::next(it);
      }
      Stock& stock = stocks_[base->build];
      stock.template_key = base->key;
      stock.last_taken = clock_.Uptime();
      stock.given_up = false;
      if (!stock.spare.empty()) {
        spare = std::move(stock.spare.front());
        stock.spare.pop_front();
      }
    }
    Refill(base);
    DestroyAll(outdated);
    if (!spare.has_value()) return Start(base);
    // It may have died while it waited.
    if (driver_.Get(spare->vm.id).ok()) return *std::move(spare);
    Abandon(spare->vm.id);
  }
}

absl::StatusOr<Shell> Shells::Start(const TemplateRef& base) {
  const absl::Duration began = clock_.Uptime();
  absl::StatusOr<Shell> shell = StartMachine(base);
  observer_.OnShellStart(shell.status(), clock_.Uptime() - began);
  return shell;
}

absl::StatusOr<Shell> Shells::StartMachine(const TemplateRef& base) {
  VmConfig config = MachineConfig(base->spec, base->directory);
  config.start = VmStart::kShell;
  config.memory_file = base->RamFile();
  ORCH_ASSIGN_OR_RETURN(config.directory, directories_.Create(config.id));
  absl::Status made;
  if (base->spec.scratch_mib != 0) {
    config.scratch_disk = config.directory + "/scratch.qcow2";
    made = ScratchDisks::MakeOverlay(config.scratch_disk, base->DiskFile());
  }
  if (made.ok()) made = directories_.GiveAway(config.id);
  absl::StatusOr<VmInfo> vm = made.ok() ? driver_.Start(config) : made;
  if (vm.ok()) return Shell{.vm = *std::move(vm), .base = base};
  Abandon(config.id);
  return vm.status();
}

absl::Status Shells::Destroy(const VmId& id) {
  ORCH_RETURN_IF_ERROR(driver_.Destroy(id));
  return directories_.Remove(id);
}

void Shells::Abandon(const VmId& id) {
  const absl::Status down = Destroy(id);
  if (down.ok()) return;
  Log(LogLevel::kError, "machine_left_behind", {{"vm_id", id.value()}, {"status", down}});
  absl::MutexLock lock(&mutex_);
  abandoned_.push_back(id);
}

void Shells::Refill(const TemplateRef& base) {
  size_t missing = 0;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = stocks_.find(base->build);
    if (stopping_ || it == stocks_.end() || it->second.given_up) return;
    Stock& stock = it->second;
    const size_t have = stock.spare.size() + stock.starting;
    missing = have < options_.spare ? options_.spare - have : 0;
    stock.starting += missing;
  }
  for (; missing > 0; --missing) pool_.Run([this, base] { StartSpare(base); });
}

void Shells::StartSpare(const TemplateRef& base) {
  {
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kHeadStart)) return;
  }
  absl::StatusOr<Shell> shell = Start(base);
  if (!shell.ok()) {
    Log(LogLevel::kWarning, "shell_failed", {{"template", base->key}, {"status", shell.status()}});
  }
  bool wanted = false;
  {
    absl::MutexLock lock(&mutex_);
    // Whoever gives up a stock leaves it while shells are starting for it; who stops does not.
    if (const auto it = stocks_.find(base->build); it != stocks_.end()) {
      Stock& stock = it->second;
      --stock.starting;
      wanted = !stopping_ && !stock.given_up;
      if (wanted && shell.ok()) stock.spare.push_back(*shell);
      if (stock.given_up && stock.starting == 0) stocks_.erase(it);
    }
  }
  if (!wanted && shell.ok()) Abandon(shell->vm.id);
}

Shells::Stocks::iterator Shells::GiveUp(Stocks::iterator it, std::vector<Shell>& shells) {
  Stock& stock = it->second;
  std::move(stock.spare.begin(), stock.spare.end(), std::back_inserter(shells));
  stock.spare.clear();
  stock.given_up = true;
  return stock.starting == 0 ? stocks_.erase(it) : std::next(it);
}

void Shells::Trim() {
  std::vector<Shell> unused;
  std::vector<VmId> abandoned;
  {
    absl::MutexLock lock(&mutex_);
    abandoned.swap(abandoned_);
    const absl::Duration now = clock_.Uptime();
    for (auto it = stocks_.begin(); it != stocks_.end();) {
      const bool used = now - it->second.last_taken < options_.keep;
      it = used || it->second.starting > 0 ? std::next(it) : GiveUp(it, unused);
    }
  }
  DestroyAll(unused);
  for (const VmId& id : abandoned) Abandon(id);
}

void Shells::Discard(const std::string& template_key) {
  std::vector<Shell> shells;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = stocks_.begin(); it != stocks_.end();) {
      it = it->second.template_key == template_key ? GiveUp(it, shells) : std::next(it);
    }
  }
  DestroyAll(shells);
}

size_t Shells::spare_count() const {
  absl::MutexLock lock(&mutex_);
  size_t count = 0;
  for (const auto& [key, stock] : stocks_) count += stock.spare.size();
  return count;
}

void Shells::DestroyAll(const std::vector<Shell>& shells) {
  for (const Shell& shell : shells) Abandon(shell.vm.id);
}

}  // namespace orch

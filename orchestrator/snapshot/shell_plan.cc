#include "orchestrator/snapshot/shell_plan.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace orch {
namespace {

// One template while the plan is made.
struct Account {
  const ShellDemand* demand = nullptr;
  // The oldest first.
  std::vector<const SpareShell*> shells;
  bool in_use = false;
  // Starts that it still wants, for takers and as spares.
  size_t for_takers = 0;
  size_t for_spares = 0;
};

size_t Missing(size_t wanted, size_t there) { return wanted > there ? wanted - there : 0; }

// Until when a template without clones and takers counts as in use.
absl::Time EndOfUse(const ShellPolicy& policy, const ShellDemand& demand) {
  return demand.last_used_at + policy.idle_time;
}

class Planner {
 public:
  Planner(const ShellPolicy& policy, absl::Time now) : policy_(policy), now_(now) {}

  ShellPlan Plan(const std::vector<ShellDemand>& demands, const std::vector<SpareShell>& shells) {
    for (const ShellDemand& demand : demands) {
      index_.emplace(demand.template_key, accounts_.size());
      accounts_.push_back({.demand = &demand});
    }
    AssignShells(shells);
    size_t starting = 0;
    for (Account& account : accounts_) {
      starting += account.demand->starting;
      Judge(account);
    }
    size_t slots = Missing(policy_.max_concurrent_starts, starting);
    TakeTurns(&Account::for_takers, slots);
    TakeTurns(&Account::for_spares, slots);
    return std::move(plan_);
  }

 private:
  void AssignShells(const std::vector<SpareShell>& shells) {
    for (const SpareShell& shell : shells) {
      const auto it = index_.find(shell.template_key);
      if (it == index_.end()) {
        plan_.discard.push_back(shell.id);
      } else {
        accounts_[it->second].shells.push_back(&shell);
      }
    }
    for (Account& account : accounts_) {
      std::stable_sort(
          account.shells.begin(), account.shells.end(),
          [](const SpareShell* a, const SpareShell* b) { return a->ready_at < b->ready_at; });
    }
  }

  // What this template wants and what it gives up.
  void Judge(Account& account) {
    const ShellDemand& demand = *account.demand;
    const bool is_needed = demand.live_clones > 0 || demand.waiting_takers > 0;
    account.in_use = is_needed || now_ < EndOfUse(policy_, demand);
    const size_t spares = account.in_use ? policy_.spare_shells : 0;
    const size_t wanted = demand.waiting_takers + spares;
    const size_t there = account.shells.size() + demand.starting;
    if (there > 0 && account.in_use && !is_needed) LookAgain(EndOfUse(policy_, demand));
    GiveUp(account, Missing(account.shells.size(), wanted));
    if (now_ < demand.start_after) {
      if (there < wanted) LookAgain(demand.start_after);
      return;
    }
    account.for_takers = Missing(demand.waiting_takers, there);
    account.for_spares = Missing(wanted, there) - account.for_takers;
  }

  // Discards up to `excess` shells, the oldest first: all when the template is of no use any more,
  // else those that nobody took for long.
  void GiveUp(const Account& account, size_t excess) {
    for (size_t i = 0; i < excess; ++i) {
      const SpareShell& shell = *account.shells[i];
      const absl::Time end = shell.ready_at + policy_.idle_time;
      if (account.in_use && now_ < end) {
        LookAgain(end);
        return;
      }
      plan_.discard.push_back(shell.id);
    }
  }

  // One start for each template that wants one, again and again while there are slots.
  void TakeTurns(size_t Account::*wanted, size_t& slots) {
    for (bool somebody_wants = true; somebody_wants && slots > 0;) {
      somebody_wants = false;
      for (Account& account : accounts_) {
        if (account.*wanted == 0 || slots == 0) continue;
        --(account.*wanted);
        --slots;
        plan_.start.push_back(account.demand->template_key);
        somebody_wants = true;
      }
    }
  }

  void LookAgain(absl::Time time) { plan_.look_again_at = std::min(plan_.look_again_at, time); }

  const ShellPolicy& policy_;
  const absl::Time now_;
  std::vector<Account> accounts_;
  absl::flat_hash_map<std::string, size_t> index_;
  ShellPlan plan_;
};

}  // namespace

ShellPlan PlanShells(const ShellPolicy& policy, const std::vector<ShellDemand>& demands,
                     const std::vector<SpareShell>& shells, absl::Time now) {
  return Planner(policy, now).Plan(demands, shells);
}

}  // namespace orch

#include "orchestrator/pool/pool_plan.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <queue>
#include <tuple>

namespace orch {
namespace {

// How many creations a pool that failed wants at once.
constexpr size_t kProbe = 1;

size_t Total(const PoolView& pool) { return pool.idle.size() + pool.acquired + pool.pending; }

size_t Missing(const PoolView& pool, size_t total) {
  const size_t size = pool.pool.spec.size;
  return size > total ? size - total : 0;
}

// A pool's wish for creations while slots are given out.
struct Wish {
  size_t index;
  const PoolView* pool;
  // Of them still to be given.
  size_t creations;
  // Browsers that it has or was given.
  size_t total;
  // Waiters without a browser being made for them.
  size_t uncovered;
  bool failing;
  // Failing, and has waited long for a slot.
  bool overdue;
  uint64_t last_served;

  // Whether `other` comes before this.
  bool operator<(const Wish& other) const {
    const bool urgent = uncovered > 0;
    const bool other_urgent = other.uncovered > 0;
    if (failing != other.failing) return failing;
    if (urgent != other_urgent) return other_urgent;
    // total / size, without division.
    const size_t fill = total * other.pool->pool.spec.size;
    const size_t other_fill = other.total * pool->pool.spec.size;
    return std::tie(fill, last_served, index) >
           std::tie(other_fill, other.last_served, other.index);
  }
};

// Fills in deletions and handouts; both take idle browsers from the front. Returns how many.
size_t PlanIdle(const PoolView& pool, PoolPlan& plan) {
  size_t total = Total(pool);
  auto idle = pool.idle.begin();
  for (; idle != pool.idle.end(); ++idle, --total) {
    if (idle->first >= pool.discard_before && total <= pool.pool.spec.size) break;
    plan.deletions.push_back(idle->first);
  }
  for (auto waiter = pool.waiting.begin(); waiter != pool.waiting.end(); ++waiter, ++idle) {
    if (idle == pool.idle.end()) break;
    plan.handouts.push_back({.ticket = waiter->first, .idle = idle->first});
  }
  return total;
}

// Fills in who times out, and when the next one would.
void PlanDeadlines(const PoolView& pool, absl::Time now, PoolPlan& plan) {
  // Tickets are served in order.
  const uint64_t served = plan.handouts.empty() ? 0 : plan.handouts.back().ticket;
  for (const auto& [deadline, ticket] : pool.deadlines) {
    if (!plan.handouts.empty() && ticket <= served) continue;
    if (deadline > now) {
      plan.look_again = std::min(plan.look_again, deadline);
      break;
    }
    plan.timed_out.push_back(ticket);
  }
}

// What a pool would create now, were there slots.
struct Demand {
  size_t creations = 0;
  // When there is a token for one more; never where tokens are not what limits it.
  absl::Time next_token = absl::InfiniteFuture();
};

Demand PlanDemand(const PoolView& pool, size_t total, absl::Time now, PoolPlan& plan) {
  size_t most = Missing(pool, total);
  if (most == 0) return {};
  if (pool.failures.failures() > 0) {
    if (pool.pending > 0) return {};
    if (now < pool.failures.retry_at()) {
      plan.look_again = std::min(plan.look_again, pool.failures.retry_at());
      return {};
    }
    most = kProbe;
  }
  if (pool.refusals.failures() > 0 && now < pool.refusals.retry_at()) {
    plan.look_again = std::min(plan.look_again, pool.refusals.retry_at());
    return {};
  }
  const size_t tokens = pool.tokens.Available(now);
  if (pool.owed + tokens >= most) return {.creations = most};
  return {.creations = pool.owed + tokens,
          .next_token = pool.tokens.WhenAvailable(tokens + 1, now)};
}

Wish MakeWish(const PoolView& pool, size_t index, size_t creations, size_t total,
              const PoolPlan& plan, absl::Time now) {
  const size_t waiting = pool.waiting.size() - plan.handouts.size() - plan.timed_out.size();
  const bool failing = pool.failures.failures() > 0;
  return {.index = index,
          .pool = &pool,
          .creations = creations,
          .total = total,
          .uncovered = waiting > pool.pending ? waiting - pool.pending : 0,
          .failing = failing,
          .overdue = failing && now >= pool.failures.retry_at() + Backoff::kLongest,
          .last_served = pool.last_served};
}

// Takes the overdue wish that was served longest ago out of `wishes`, if there is one.
std::optional<Wish> TakeOverdue(std::vector<Wish>& wishes) {
  auto longest = wishes.end();
  for (auto wish = wishes.begin(); wish != wishes.end(); ++wish) {
    if (!wish->overdue) continue;
    if (longest == wishes.end() || wish->last_served < longest->last_served) longest = wish;
  }
  if (longest == wishes.end()) return std::nullopt;
  const Wish taken = *longest;
  wishes.erase(longest);
  return taken;
}

void GiveSlots(std::vector<Wish> wishes, const HostView& host, std::vector<PoolPlan>& plans) {
  size_t slots = host.free_slots;
  if (slots > 0 && host.since_failing + 1 >= kFailingShare) {
    if (const std::optional<Wish> overdue = TakeOverdue(wishes); overdue.has_value()) {
      ++plans[overdue->index].creations;
      --slots;
    }
  }
  uint64_t turn = 0;
  for (const Wish& wish : wishes) turn = std::max(turn, wish.last_served);
  std::priority_queue<Wish> queue(std::less<Wish>(), std::move(wishes));
  for (; slots > 0 && !queue.empty(); --slots) {
    Wish wish = queue.top();
    queue.pop();
    ++plans[wish.index].creations;
    if (--wish.creations == 0) continue;
    ++wish.total;
    if (wish.uncovered > 0) --wish.uncovered;
    wish.last_served = ++turn;
    queue.push(wish);
  }
  for (; !queue.empty(); queue.pop()) plans[queue.top().index].wants_slot = true;
}

}  // namespace

std::vector<PoolPlan> PlanPools(absl::Span<const PoolView> pools, const HostView& host,
                                absl::Time now) {
  std::vector<PoolPlan> plans(pools.size());
  std::vector<absl::Time> next_tokens(pools.size(), absl::InfiniteFuture());
  std::vector<Wish> wishes;
  for (size_t i = 0; i < pools.size(); ++i) {
    const size_t total = PlanIdle(pools[i], plans[i]);
    PlanDeadlines(pools[i], now, plans[i]);
    const Demand demand = PlanDemand(pools[i], total, now, plans[i]);
    next_tokens[i] = demand.next_token;
    if (demand.creations == 0) continue;
    wishes.push_back(MakeWish(pools[i], i, demand.creations, total, plans[i], now));
  }
  GiveSlots(std::move(wishes), host, plans);
  for (size_t i = 0; i < pools.size(); ++i) {
    plans[i].untaxed = std::min(plans[i].creations, pools[i].owed);
    // Another token is of no use to a pool that cannot spend those it has.
    if (!plans[i].wants_slot) plans[i].look_again = std::min(plans[i].look_again, next_tokens[i]);
  }
  return plans;
}

HeldBack WhyHeldBack(const PoolView& pool, absl::Time now) {
  if (Missing(pool, Total(pool)) == 0 || pool.pending > 0) return HeldBack::kNothing;
  if (pool.failures.failures() > 0 && now < pool.failures.retry_at()) return HeldBack::kFailures;
  if (pool.refusals.failures() > 0) return HeldBack::kHostFull;
  if (pool.owed == 0 && pool.tokens.Available(now) == 0) {
    return pool.pool.spec.fill_rate_per_minute == 0 ? HeldBack::kNeverFilled : HeldBack::kFillRate;
  }
  return HeldBack::kHostBusy;
}

}  // namespace orch

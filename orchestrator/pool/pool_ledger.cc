#include "orchestrator/pool/pool_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

#include "orchestrator/pool/held_back.h"

namespace orch {
namespace {

// What a guest may have written is kept short and free of bytes that no API could carry.
std::string Excerpt(absl::string_view message) {
  return absl::CHexEscape(message.substr(0, PoolStatus::kMaxErrorBytes))
      .substr(0, PoolStatus::kMaxErrorBytes);
}

}  // namespace

PoolLedger::PoolLedger(Pool pool, absl::Time now)
    : pool_(std::move(pool)), tokens_(pool_.spec.size, pool_.spec.fill_rate_per_minute, now) {}

PoolView PoolLedger::View() const {
  return {.pool = pool_,
          .idle = idle_,
          .discard_before = discard_before_,
          .acquired = acquired(),
          .pending = pending_,
          .waiting = waiting_,
          .deadlines = deadlines_,
          .tokens = tokens_,
          .owed = owed_,
          .failures = failures_,
          .refusals = refusals_,
          .last_served = last_served_};
}

PoolStatus PoolLedger::Status(absl::Time now) const {
  return {.pool = pool_,
          .available = idle_.size(),
          .acquired = acquired(),
          .pending = pending_,
          .waiting = waiting_.size(),
          .consecutive_failures = failures_.failures(),
          .last_error = last_error_,
          .last_error_at = last_error_at_,
          .held_back_by = DescribeHeldBack(View(), refusal_, last_error_, now)};
}

void PoolLedger::Change(Pool pool, absl::Time now) {
  tokens_.Reconfigure(pool.spec.size, pool.spec.fill_rate_per_minute, now);
  failures_.RetryNow(now);
  refusals_.RetryNow(now);
  if (pool.discards_before > pool_.discards_before) DiscardIdle();
  pool_ = std::move(pool);
  ClampOwed();
}

const PoolLedger::Member* PoolLedger::Find(const SessionId& id) const {
  const auto it = members_.find(id);
  return it == members_.end() ? nullptr : &it->second;
}

std::vector<SessionId> PoolLedger::Members() const {
  std::vector<SessionId> ids;
  ids.reserve(members_.size());
  for (const auto& [id, member] : members_) ids.push_back(id);
  return ids;
}

void PoolLedger::Add(const SessionId& id, uint64_t generation, Place place, absl::Time now) {
  members_.insert_or_assign(id, Member{.place = Place::kAcquired, .generation = generation});
  Move(id, place, now);
  ClampOwed();
}

void PoolLedger::Move(const SessionId& id, Place place, absl::Time now) {
  Member& member = members_.at(id);
  if (member.place == Place::kIdle) idle_.erase(member.idle_number);
  member.place = place;
  if (place != Place::kIdle) return;
  member.idle_number = next_idle_++;
  idle_.emplace(member.idle_number,
                IdleBrowser{.id = id, .generation = member.generation, .since = now});
}

bool PoolLedger::Remove(const SessionId& id) {
  const auto it = members_.find(id);
  if (it == members_.end()) return false;
  if (it->second.place == Place::kIdle) idle_.erase(it->second.idle_number);
  members_.erase(it);
  return true;
}

void PoolLedger::Owe() {
  ++owed_;
  ClampOwed();
}

void PoolLedger::Wait(uint64_t ticket, Waiter waiter) {
  deadlines_.emplace(waiter.deadline, ticket);
  waiting_.emplace(ticket, waiter);
}

bool PoolLedger::StopWaiting(uint64_t ticket) {
  const auto it = waiting_.find(ticket);
  if (it == waiting_.end()) return false;
  deadlines_.erase({it->second.deadline, ticket});
  waiting_.erase(it);
  return true;
}

std::vector<uint64_t> PoolLedger::Waiting() const {
  std::vector<uint64_t> tickets;
  tickets.reserve(waiting_.size());
  for (const auto& [ticket, waiter] : waiting_) tickets.push_back(ticket);
  return tickets;
}

PoolCreation PoolLedger::BeginCreation(bool untaxed, uint64_t turn, absl::Time now) {
  ++pending_;
  last_served_ = turn;
  if (untaxed) {
    --owed_;
  } else {
    tokens_.Take(1, now);
  }
  return {.pool = pool_.id, .generation = pool_.generation, .began = now, .untaxed = untaxed};
}

void PoolLedger::EndCreation() {
  --pending_;
  failures_.Succeeded();
  refusals_.Succeeded();
  refusal_.clear();
  last_error_.clear();
  last_error_at_.reset();
}

void PoolLedger::EndCreation(const PoolCreation& creation, const absl::Status& error,
                             absl::Time now, absl::Time wall) {
  --pending_;
  if (creation.untaxed) {
    ++owed_;
    ClampOwed();
  } else {
    tokens_.GiveBack(now);
  }
  if (absl::IsCancelled(error)) return;
  const std::string message = Excerpt(error.message());
  if (absl::IsResourceExhausted(error)) {
    refusals_.Failed(creation.began, now);
    refusal_ = message;
    return;
  }
  failures_.Failed(creation.began, now);
  last_error_ = message;
  last_error_at_ = wall;
}

bool PoolLedger::RoomWasMade(absl::Time now) {
  if (refusals_.failures() == 0) return false;
  refusals_.RetryNow(now);
  return true;
}

// Replacements that would make the pool larger than it shall be are not owed any more.
void PoolLedger::ClampOwed() {
  const size_t size = pool_.spec.size;
  owed_ = std::min(owed_, size > total() ? size - total() : 0);
}

}  // namespace orch

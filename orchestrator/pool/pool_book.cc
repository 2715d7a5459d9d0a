#include "orchestrator/pool/pool_book.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/idle_policy.h"
#include "orchestrator/pool/pool_change.h"

namespace orch {
namespace {

using Place = PoolLedger::Place;

// A deletion fails when the disk or the driver does, for a while.
constexpr absl::Duration kDeletionRetryDelay = absl::Seconds(10);

absl::Status NoSuchPool(absl::string_view id_or_name) {
  return absl::NotFoundError(absl::StrCat("there is no pool with the id or name \"",
                                          absl::CHexEscape(id_or_name.substr(0, 255)), "\""));
}

absl::Status BeingDeleted(const Pool& pool) {
  return absl::FailedPreconditionError(absl::StrCat("pool ", pool.id.value(), " is being deleted"));
}

}  // namespace

PoolBook::Entry* PoolBook::Find(const PoolId& id) const {
  const auto it = pools_.find(id);
  return it == pools_.end() ? nullptr : it->second.get();
}

// An id goes before a name that looks like one.
PoolBook::Entry* PoolBook::Find(absl::string_view id_or_name) const {
  if (const absl::StatusOr<PoolId> id = PoolId::Parse(id_or_name); id.ok()) {
    if (const auto it = pools_.find(*id); it != pools_.end()) return it->second.get();
  }
  const auto name = names_.find(id_or_name);
  return name == names_.end() ? nullptr : pools_.at(name->second).get();
}

void PoolBook::Touch(Entry& entry) {
  if (!std::exchange(entry.dirty, true)) dirty_.push_back(entry.ledger.pool().id);
}

void PoolBook::Schedule(Entry& entry, absl::Time time) {
  if (entry.look_again == time) return;
  if (entry.look_again != absl::InfiniteFuture()) {
    schedule_.erase({entry.look_again, entry.ledger.pool().id});
  }
  entry.look_again = time;
  if (time != absl::InfiniteFuture()) schedule_.emplace(time, entry.ledger.pool().id);
}

void PoolBook::Insert(Pool pool, absl::Time now) {
  const PoolId id = pool.id;
  if (!pool.spec.name.empty()) names_.insert_or_assign(pool.spec.name, id);
  const auto it = pools_.insert_or_assign(id, std::make_unique<Entry>(std::move(pool), now)).first;
  Touch(*it->second);
}

absl::StatusOr<Pool> PoolBook::Get(absl::string_view id_or_name) const {
  const Entry* entry = Find(id_or_name);
  if (entry == nullptr) return NoSuchPool(id_or_name);
  return entry->ledger.pool();
}

absl::StatusOr<PoolStatus> PoolBook::Status(absl::string_view id_or_name, absl::Time now) const {
  const Entry* entry = Find(id_or_name);
  if (entry == nullptr) return NoSuchPool(id_or_name);
  return entry->ledger.Status(now);
}

std::vector<PoolStatus> PoolBook::Statuses(absl::Time now) const {
  std::vector<PoolStatus> statuses;
  statuses.reserve(pools_.size());
  for (const auto& [id, entry] : pools_) statuses.push_back(entry->ledger.Status(now));
  std::sort(statuses.begin(), statuses.end(), [](const PoolStatus& a, const PoolStatus& b) {
    return std::tie(b.pool.created_at, a.pool.id) < std::tie(a.pool.created_at, b.pool.id);
  });
  return statuses;
}

absl::Status PoolBook::CheckNameFree(absl::string_view name,
                                     const std::optional<PoolId>& self) const {
  const auto it = names_.find(name);
  if (it == names_.end() || it->second == self) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat("pool ", it->second.value(), " has the name \"", name, "\" already"));
}

void PoolBook::Change(const Pool& pool, absl::Time now) {
  Entry* entry = Find(pool.id);
  if (entry == nullptr) return;
  if (!entry->ledger.pool().spec.name.empty()) names_.erase(entry->ledger.pool().spec.name);
  if (!pool.spec.name.empty()) names_.insert_or_assign(pool.spec.name, pool.id);
  entry->ledger.Change(pool, now);
  Touch(*entry);
}

absl::StatusOr<std::vector<SessionId>> PoolBook::Flush(absl::string_view id_or_name) {
  Entry* entry = Find(id_or_name);
  if (entry == nullptr) return NoSuchPool(id_or_name);
  std::vector<SessionId> ids;
  for (const auto& [number, browser] : entry->ledger.View().idle) ids.push_back(browser.id);
  entry->ledger.DiscardIdle();
  Touch(*entry);
  return ids;
}

absl::StatusOr<PoolId> PoolBook::BeginDeleting(absl::string_view id_or_name, bool force) {
  Entry* entry = Find(id_or_name);
  if (entry == nullptr) return NoSuchPool(id_or_name);
  if (entry->deleting) return BeingDeleted(entry->ledger.pool());
  if (entry->ledger.acquired() > 0 && !force) {
    return absl::FailedPreconditionError(absl::StrCat(
        "clients hold ", entry->ledger.acquired(), " browsers of pool ",
        entry->ledger.pool().id.value(), ": release them first, or set force to delete them, too"));
  }
  entry->deleting = true;
  Schedule(*entry, absl::InfiniteFuture());
  hungry_.erase(entry->ledger.pool().id);
  return entry->ledger.pool().id;
}

void PoolBook::AbortDeleting(const PoolId& id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->deleting = false;
  Touch(*entry);
}

void PoolBook::FinishDeleting(const PoolId& id, PoolWork& work) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  for (const uint64_t ticket : entry->ledger.Waiting()) {
    calls_.erase(ticket);
    work.endings.push_back({.ticket = ticket, .status = BeingDeleted(entry->ledger.pool())});
  }
  for (SessionId& member : entry->ledger.Members()) work.deletions.push_back(std::move(member));
  if (!entry->ledger.pool().spec.name.empty()) names_.erase(entry->ledger.pool().spec.name);
  Schedule(*entry, absl::InfiniteFuture());
  hungry_.erase(id);
  refused_.erase(id);
  work.changed.push_back(id);
  pools_.erase(id);
}

void PoolBook::Discard(Entry& entry, const SessionId& id, PoolWork& work) {
  entry.ledger.Remove(id);
  work.deletions.push_back(id);
  Touch(entry);
}

void PoolBook::Adopt(const Browser& browser, absl::Time now, PoolWork& work) {
  if (!browser.membership.has_value() || IsTerminal(browser.state) ||
      browser.state == BrowserState::kDeleting) {
    return;
  }
  Entry* entry = Find(browser.membership->pool);
  // Nobody waits any more for what was being made.
  if (entry == nullptr || browser.state == BrowserState::kCreating) {
    work.deletions.push_back(browser.id);
    return;
  }
  const bool idle = IsIdleInPool(browser);
  if (idle && entry->ledger.IsDiscarded(browser.membership->generation)) {
    work.deletions.push_back(browser.id);
    return;
  }
  entry->ledger.Add(browser.id, browser.membership->generation,
                    idle ? Place::kIdle : Place::kAcquired, now);
  Touch(*entry);
}

void PoolBook::Observe(const Browser& browser, absl::Time now) {
  const bool terminal = IsTerminal(browser.state);
  if (terminal || browser.standby_level == StandbyLevel::kDisk) {
    for (const PoolId& id : refused_) {
      Entry& entry = *pools_.at(id);
      if (entry.ledger.RoomWasMade(now)) Touch(entry);
    }
    refused_.clear();
  }
  if (browser.membership.has_value() && (terminal || browser.state == BrowserState::kDeleting)) {
    Gone(browser.membership->pool, browser.id);
  }
}

void PoolBook::Gone(const PoolId& pool, const SessionId& id) {
  Entry* entry = Find(pool);
  if (entry != nullptr && entry->ledger.Remove(id)) Touch(*entry);
}

void PoolBook::DeletionFailed(const SessionId& id, absl::Time now) {
  deletion_retries_.emplace(now + kDeletionRetryDelay, id);
}

void PoolBook::Created(const PoolCreation& creation, const absl::StatusOr<Browser>& browser,
                       absl::Time now, absl::Time wall, PoolWork& work) {
  --creating_;
  Entry* entry = Find(creation.pool);
  if (entry == nullptr) {
    if (browser.ok()) work.deletions.push_back(browser->id);
    return;
  }
  Touch(*entry);
  if (!browser.ok()) {
    entry->ledger.EndCreation(creation, browser.status(), now, wall);
    if (absl::IsResourceExhausted(browser.status())) refused_.insert(creation.pool);
    return;
  }
  entry->ledger.EndCreation();
  refused_.erase(creation.pool);
  if (entry->ledger.IsDiscarded(creation.generation)) {
    work.deletions.push_back(browser->id);
  } else {
    entry->ledger.Add(browser->id, creation.generation, Place::kIdle, now);
  }
}

absl::StatusOr<uint64_t> PoolBook::Acquire(absl::string_view id_or_name,
                                           std::optional<absl::Duration> timeout, absl::Time now) {
  Entry* entry = Find(id_or_name);
  if (entry == nullptr) return NoSuchPool(id_or_name);
  const Pool& pool = entry->ledger.pool();
  if (entry->deleting) return BeingDeleted(pool);
  const uint64_t ticket = next_ticket_++;
  const Waiter waiter{.since = now,
                      .deadline = now + timeout.value_or(DefaultAcquireTimeout(pool.spec))};
  calls_.emplace(ticket, Call{.pool = pool.id, .waiter = waiter});
  entry->ledger.Wait(ticket, waiter);
  Touch(*entry);
  return ticket;
}

void PoolBook::Cancel(uint64_t ticket, PoolWork& work) {
  const auto it = calls_.find(ticket);
  if (it == calls_.end() || it->second.cancelled) return;
  work.endings.push_back(
      {.ticket = ticket, .status = absl::CancelledError("the caller went away")});
  if (it->second.handing_out.has_value()) {
    it->second.cancelled = true;
    return;
  }
  if (Entry* entry = Find(it->second.pool); entry != nullptr) {
    entry->ledger.StopWaiting(ticket);
    Touch(*entry);
  }
  calls_.erase(it);
}

bool PoolBook::HandedOut(const PoolWork::Handout& handout, const absl::Status& result,
                         absl::Time now, PoolWork& work) {
  const auto it = calls_.find(handout.ticket);
  Call& call = it->second;
  Entry* entry = Find(call.pool);
  if (entry == nullptr) {
    if (!call.cancelled) {
      work.endings.push_back({.ticket = handout.ticket,
                              .status = absl::FailedPreconditionError(
                                  absl::StrCat("pool ", call.pool.value(), " was deleted"))});
    }
    calls_.erase(it);
    return false;
  }
  Touch(*entry);
  const bool there = entry->ledger.Find(handout.id) != nullptr;
  if (there && absl::IsResourceExhausted(result)) {
    // It sleeps on disk and there is no memory to wake it in, or the disk is full: nothing is wrong
    // with it.
    entry->ledger.Move(handout.id, Place::kIdle, now);
    if (!call.cancelled) work.endings.push_back({.ticket = handout.ticket, .status = result});
    calls_.erase(it);
    return false;
  }
  const bool usable = there && result.ok();
  if (there && !usable) Discard(*entry, handout.id, work);
  if (call.cancelled) {
    if (usable) {
      entry->ledger.Move(handout.id, Place::kReleasing, now);
      work.returns.push_back({.pool = call.pool, .id = handout.id});
    }
    calls_.erase(it);
    return false;
  }
  if (!usable) {
    call.handing_out.reset();
    entry->ledger.Wait(handout.ticket, call.waiter);
    return false;
  }
  entry->ledger.Move(handout.id, Place::kAcquired, now);
  calls_.erase(it);
  return true;
}

absl::StatusOr<PoolBook::GivingBack> PoolBook::BeginGivingBack(absl::string_view id_or_name,
                                                               const SessionId& id, Reuse reuse,
                                                               absl::Time now, PoolWork& work) {
  Entry* entry = Find(id_or_name);
  if (entry == nullptr) return NoSuchPool(id_or_name);
  const Pool& pool = entry->ledger.pool();
  const PoolLedger::Member* member = entry->ledger.Find(id);
  if (member == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no browser ", id.value(), " in pool ",
                                            pool.id.value(), ", or not any more"));
  }
  if (member->place != Place::kAcquired) {
    return absl::FailedPreconditionError(
        absl::StrCat("browser ", id.value(), " of pool ", pool.id.value(), " is not acquired"));
  }
  // A replacement would be of the new kind, or is not wanted at all.
  const bool keep = reuse == Reuse::kKeep && member->generation == pool.generation &&
                    entry->ledger.total() <= pool.spec.size;
  if (keep) {
    entry->ledger.Move(id, Place::kReleasing, now);
    return GivingBack{.pool = pool.id, .keep = true};
  }
  Discard(*entry, id, work);
  if (reuse == Reuse::kReset) entry->ledger.Owe();
  return GivingBack{.pool = pool.id, .keep = false};
}

void PoolBook::GivenBack(const PoolId& pool, const SessionId& id, std::optional<BrowserState> state,
                         absl::Time now, PoolWork& work) {
  Entry* entry = Find(pool);
  if (entry == nullptr) return;
  const PoolLedger::Member* member = entry->ledger.Find(id);
  if (member == nullptr) return;
  Touch(*entry);
  if (state == BrowserState::kAcquired || state == BrowserState::kStandby) {
    entry->ledger.Move(id, Place::kAcquired, now);
  } else if (state == BrowserState::kReady && !entry->ledger.IsDiscarded(member->generation)) {
    entry->ledger.Move(id, Place::kIdle, now);
  } else {
    Discard(*entry, id, work);
  }
}

absl::Status PoolBook::TimedOut(const Entry& entry, const Waiter& waiter, absl::Time now) const {
  const PoolStatus status = entry.ledger.Status(now);
  const PoolSpec& spec = status.pool.spec;
  std::string message = absl::StrCat(
      "no browser of pool ", spec.name.empty() ? status.pool.id.value() : spec.name, " within ",
      absl::FormatDuration(waiter.deadline - waiter.since), ": of ", spec.size, " ",
      status.acquired, " are acquired and ", status.pending, " are being made");
  if (!status.held_back_by.empty())
    absl::StrAppend(&message, "; held back by ", status.held_back_by);
  return absl::DeadlineExceededError(message);
}

void PoolBook::Carry(Entry& entry, const PoolPlan& plan, absl::Time now, PoolWork& work) {
  const PoolId id = entry.ledger.pool().id;
  // Numbers stay valid until their browser moves, so ids are looked up first.
  const IdleQueue& idle = entry.ledger.View().idle;
  for (const uint64_t number : plan.deletions) {
    work.deletions.push_back(idle.at(number).id);
    entry.ledger.Remove(work.deletions.back());
  }
  for (const PoolPlan::Handout& handout : plan.handouts) {
    const SessionId browser = idle.at(handout.idle).id;
    entry.ledger.StopWaiting(handout.ticket);
    entry.ledger.Move(browser, Place::kHandingOut, now);
    calls_.at(handout.ticket).handing_out = browser;
    work.handouts.push_back({.ticket = handout.ticket, .id = browser});
  }
  for (const uint64_t ticket : plan.timed_out) {
    const auto call = calls_.find(ticket);
    work.endings.push_back({.ticket = ticket, .status = TimedOut(entry, call->second.waiter, now)});
    entry.ledger.StopWaiting(ticket);
    calls_.erase(call);
  }
  for (size_t i = 0; i < plan.creations; ++i) {
    work.creations.push_back(
        {.pool = entry.ledger.pool(),
         .creation = entry.ledger.BeginCreation(i < plan.untaxed, ++turn_, now)});
  }
  creating_ += plan.creations;
  const bool failing = entry.ledger.View().failures.failures() > 0;
  if (plan.creations > 0) since_failing_ = failing ? 0 : since_failing_ + plan.creations;
  if (plan.wants_slot) {
    hungry_.insert(id);
  } else {
    hungry_.erase(id);
  }
  Schedule(entry, plan.look_again);
}

void PoolBook::Plan(absl::Time now, PoolWork& work) {
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    Entry& due = *pools_.at(schedule_.begin()->second);
    Schedule(due, absl::InfiniteFuture());
    Touch(due);
  }
  while (!deletion_retries_.empty() && deletion_retries_.begin()->first <= now) {
    work.deletions.push_back(deletion_retries_.begin()->second);
    deletion_retries_.erase(deletion_retries_.begin());
  }
  const size_t slots = max_creations_ > creating_ ? max_creations_ - creating_ : 0;
  if (slots > 0) {
    for (const PoolId& id : hungry_) Touch(*pools_.at(id));
  }
  std::vector<Entry*> entries;
  for (PoolId& id : std::exchange(dirty_, {})) {
    Entry* entry = Find(id);
    if (entry == nullptr) continue;
    entry->dirty = false;
    if (!entry->deleting) entries.push_back(entry);
    work.changed.push_back(std::move(id));
  }
  std::vector<PoolView> views;
  views.reserve(entries.size());
  for (const Entry* entry : entries) views.push_back(entry->ledger.View());
  const std::vector<PoolPlan> plans =
      PlanPools(views, {.free_slots = slots, .since_failing = since_failing_}, now);
  for (size_t i = 0; i < entries.size(); ++i) Carry(*entries[i], plans[i], now, work);
}

absl::Time PoolBook::NextLook() const {
  absl::Time next = absl::InfiniteFuture();
  if (!schedule_.empty()) next = schedule_.begin()->first;
  if (!deletion_retries_.empty()) next = std::min(next, deletion_retries_.begin()->first);
  return next;
}

}  // namespace orch

#include "orchestrator/browser/guest_connections.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"

namespace orch {
namespace {

constexpr size_t kThreads = 8;
// How long a call waits at most for a guest that does not answer.
constexpr absl::Duration kMaxWait = absl::Seconds(30);
// One attempt's turn on a thread.
constexpr absl::Duration kTurn = absl::Seconds(1);

}  // namespace

GuestConnections::GuestConnections(std::function<void(const SessionId&)> on_used,
                                   std::function<void(const SessionId&)> on_idle)
    : on_used_(std::move(on_used)), on_idle_(std::move(on_idle)), pool_(kThreads) {}

GuestConnections::~GuestConnections() {
  std::vector<SessionId> ids;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, guest] : guests_) ids.push_back(id);
  }
  for (const SessionId& id : ids) Remove(id, absl::UnavailableError("the daemon is stopping"));
}

void GuestConnections::Add(const SessionId& id, std::shared_ptr<GuestChannel> channel) {
  absl::MutexLock lock(&mutex_);
  guests_.insert_or_assign(id, std::make_shared<Guest>(std::move(channel)));
}

void GuestConnections::Remove(const SessionId& id, const absl::Status& reason) {
  std::vector<Waiter> waiters;
  std::vector<std::shared_ptr<CancelToken>> leases;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = guests_.find(id);
    if (it == guests_.end()) return;
    waiters = TakeWaiters(*it->second, /*all=*/true);
    leases.assign(it->second->leases.begin(), it->second->leases.end());
    guests_.erase(it);
  }
  for (Waiter& waiter : waiters) waiter.done(reason);
  for (const std::shared_ptr<CancelToken>& lease : leases) lease->Cancel(reason);
}

bool GuestConnections::RemoveIfIdle(const SessionId& id) {
  absl::MutexLock lock(&mutex_);
  const auto it = guests_.find(id);
  if (it == guests_.end()) return true;
  if (!it->second->leases.empty() || !it->second->waiters.empty()) return false;
  guests_.erase(it);
  return true;
}

bool GuestConnections::IsActive(const SessionId& id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = guests_.find(id);
  return it != guests_.end() && (!it->second->leases.empty() || !it->second->waiters.empty());
}

size_t GuestConnections::lease_count() const {
  absl::MutexLock lock(&mutex_);
  return lease_count_;
}

bool GuestConnections::Lease(const SessionId& id, absl::Time deadline, Done& done) {
  std::shared_ptr<Guest> guest;
  std::optional<GuestLease> lease;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = guests_.find(id);
    if (it == guests_.end()) return false;
    guest = it->second;
    if (const std::shared_ptr<grpc::Channel> channel = guest->channel->Current()) {
      lease = MakeLease(id, guest, channel);
    } else {
      guest->waiters.push_back({.deadline = std::min(deadline, absl::Now() + kMaxWait),
                                .done = std::exchange(done, nullptr)});
      if (guest->waiters.size() > 1) return true;  // Somebody connects already.
    }
  }
  if (lease.has_value()) {
    done(*std::move(lease));
  } else {
    pool_.Run([this, id, guest] { Connect(id, guest); });
  }
  return true;
}

GuestLease GuestConnections::MakeLease(const SessionId& id, const std::shared_ptr<Guest>& guest,
                                       const std::shared_ptr<grpc::Channel>& channel) {
  auto revoked = std::make_shared<CancelToken>();
  guest->leases.insert(revoked);
  ++lease_count_;
  return GuestLease(channel, revoked, [this, id, guest, channel, revoked](bool broken) {
    if (broken) guest->channel->ReportBroken(channel);
    EndLease(id, guest, revoked);
  });
}

void GuestConnections::EndLease(const SessionId& id, const std::shared_ptr<Guest>& guest,
                                const std::shared_ptr<CancelToken>& lease) {
  on_used_(id);
  {
    absl::MutexLock lock(&mutex_);
    --lease_count_;
    guest->leases.erase(lease);
    if (!guest->leases.empty() || !guest->waiters.empty()) return;
  }
  on_idle_(id);
}

void GuestConnections::Connect(const SessionId& id, const std::shared_ptr<Guest>& guest) {
  absl::Time until = absl::Now() + kTurn;
  {
    absl::MutexLock lock(&mutex_);
    absl::Time latest = absl::InfinitePast();
    for (const Waiter& waiter : guest->waiters) latest = std::max(latest, waiter.deadline);
    until = std::min(until, latest);
    if (guest->waiters.empty()) return;
  }
  const absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = guest->channel->Get(until);
  const bool over = channel.ok() || !absl::IsUnavailable(channel.status());
  std::vector<Waiter> waiters;
  std::vector<GuestLease> leases;
  bool again = false;
  bool idle = false;
  on_used_(id);
  {
    absl::MutexLock lock(&mutex_);
    waiters = TakeWaiters(*guest, over);
    again = !guest->waiters.empty();
    for (size_t i = 0; channel.ok() && i < waiters.size(); ++i) {
      leases.push_back(MakeLease(id, guest, *channel));
    }
    idle = !waiters.empty() && !again && guest->leases.empty();
  }
  if (again) pool_.Run([this, id, guest] { Connect(id, guest); });
  // Before anybody hears of it; where leases are given, the last of them says so.
  if (idle) on_idle_(id);
  for (size_t i = 0; i < waiters.size(); ++i) {
    if (channel.ok()) {
      waiters[i].done(std::move(leases[i]));
    } else {
      waiters[i].done(Annotate(
          channel.status(), absl::StrCat("browser ", id.value(), ": its guest cannot be reached")));
    }
  }
}

std::vector<GuestConnections::Waiter> GuestConnections::TakeWaiters(Guest& guest, bool all) {
  const absl::Time now = absl::Now();
  const auto first_taken =
      std::stable_partition(guest.waiters.begin(), guest.waiters.end(),
                            [&](const Waiter& waiter) { return !all && waiter.deadline > now; });
  std::vector<Waiter> taken(std::make_move_iterator(first_taken),
                            std::make_move_iterator(guest.waiters.end()));
  guest.waiters.erase(first_taken, guest.waiters.end());
  return taken;
}

}  // namespace orch

#include "orchestrator/browser/guest_connections.h"

#include <algorithm>
#include <iterator>

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

GuestConnections::GuestConnections() : pool_(kThreads) {}

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
  {
    absl::MutexLock lock(&mutex_);
    const auto it = guests_.find(id);
    if (it == guests_.end()) return;
    waiters = TakeWaiters(*it->second, /*all=*/true);
    guests_.erase(it);
  }
  for (Waiter& waiter : waiters) waiter.done(reason);
}

bool GuestConnections::Lease(const SessionId& id, absl::Time deadline, Done& done) {
  std::shared_ptr<Guest> guest;
  std::shared_ptr<grpc::Channel> channel;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = guests_.find(id);
    if (it == guests_.end()) return false;
    guest = it->second;
    channel = guest->channel->Current();
    if (channel == nullptr) {
      guest->waiters.push_back(
          {.deadline = std::min(deadline, absl::Now() + kMaxWait), .done = std::move(done)});
      if (guest->waiters.size() > 1) return true;  // Somebody connects already.
    }
  }
  if (channel != nullptr) {
    done(MakeLease(guest->channel, std::move(channel)));
  } else {
    pool_.Run([this, id, guest] { Connect(id, guest); });
  }
  return true;
}

GuestLease GuestConnections::MakeLease(const std::shared_ptr<GuestChannel>& guest,
                                       std::shared_ptr<grpc::Channel> channel) {
  return GuestLease(channel, [guest, channel](bool broken) {
    if (broken) guest->ReportBroken(channel);
  });
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
  bool again = false;
  {
    absl::MutexLock lock(&mutex_);
    waiters = TakeWaiters(*guest, over);
    again = !guest->waiters.empty();
  }
  if (again) pool_.Run([this, id, guest] { Connect(id, guest); });
  for (Waiter& waiter : waiters) {
    if (channel.ok()) {
      waiter.done(MakeLease(guest->channel, *channel));
    } else {
      waiter.done(Annotate(channel.status(),
                           absl::StrCat("browser ", id.value(), ": its guest cannot be reached")));
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

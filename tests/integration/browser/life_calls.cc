#include <iterator>
#include <optional>

#include "absl/strings/str_cat.h"

#include "tests/integration/browser/life_script.h"
#include "tests/integration/browser/scratch_marker.h"

// The calls that LifeScript makes, and what each must answer.
namespace orch::testing {
namespace {

using Code = absl::StatusCode;
using BrowserAnswer = absl::StatusOr<Browser>;

constexpr size_t kMaxOwnBrowsers = 14;

}  // namespace

KnownBrowser* LifeScript::Find(const SessionId& id) {
  const auto it = known_.find(id);
  return it == known_.end() ? nullptr : &it->second;
}

// One that nothing happens to in this round, or anyone in a race.
KnownBrowser* LifeScript::PickBrowser() {
  std::vector<KnownBrowser*> free;
  for (auto& [id, browser] : known_) {
    if (browser.gone() || (!racing_ && touched_.contains(id))) continue;
    // An Acquire may take it at any moment.
    if (!racing_ && browser.in_pool() && acquires_ > 0) continue;
    free.push_back(&browser);
  }
  if (free.empty()) return nullptr;
  KnownBrowser* picked = free[Below(free.size())];
  touched_.insert(picked->id);
  return picked;
}

KnownBrowser& LifeScript::Know(const Browser& record) {
  KnownBrowser browser{.id = record.id};
  if (record.membership.has_value()) browser.pool = record.membership->pool;
  browser.memory_mib = record.spec.memory_mib;
  browser.timeout = record.spec.timeout;
  browser.standby_after = *record.spec.standby_after;
  browser.last_active = now();
  browser.Follow(record);
  return known_.insert_or_assign(record.id, std::move(browser)).first->second;
}

void LifeScript::InjectFault() {
  ++counts_["fault"];
  if (Chance(10)) {
    Trace("fill the disk");
    return daemon_.faults().FillDisk();
  }
  const size_t kind = Below(std::size(kAllFaults) + 3);
  const size_t count = 1 + Below(2);
  for (size_t i = 0; i < count; ++i) {
    const absl::Status failure = absl::UnavailableError("injected failure");
    if (kind < std::size(kAllFaults)) {
      daemon_.faults().FailNext(kAllFaults[kind], Chance(50));
    } else if (kind == std::size(kAllFaults)) {
      daemon_.guests().FailNext(FakeGuestControl::Call::kConnect, failure);
    } else {
      daemon_.guests().FailNext(FakeGuestControl::Call::kGreet, failure);
    }
  }
  Trace(absl::StrCat("fail ", count, " calls of kind ", kind));
}

void LifeScript::IssueOne() {
  const size_t choice = Below(100);
  if (choice < 12) return IssueCreate();
  if (choice < 26) return IssueAcquire();
  if (choice < 30) return DropLease();
  if (choice < 32) return IssueOnNobody();
  if (KnownBrowser* browser = PickBrowser()) IssueOn(*browser);
}

void LifeScript::IssueOn(KnownBrowser& browser) {
  const size_t choice = Below(100);
  if (choice < 18) return IssueRelease(browser);
  if (choice < 36) return IssueStandby(browser);
  if (choice < 48) return IssueResume(browser);
  if (choice < 62) return IssueLease(browser);
  if (choice < 68) return IssueFork(browser);
  if (choice < 75) return IssueDelete(browser);
  if (choice < 80) return IssueUpdate(browser);
  if (choice < 83) return Kill(browser);
  return Work(browser);
}

void LifeScript::IssueCreate() {
  size_t own = 0;
  for (const auto& [id, browser] : known_) own += browser.pool.has_value() ? 0 : 1;
  if (own >= kMaxOwnBrowsers) return;
  constexpr int kTimeouts[] = {10, 60, 3600, 259200};
  BrowserSpec spec;
  spec.headless = true;
  spec.timeout = absl::Seconds(kTimeouts[Below(std::size(kTimeouts))]);
  spec.standby_after =
      Chance(30) ? absl::InfiniteDuration() : absl::Seconds(1 + static_cast<int>(Below(8)));
  std::shared_ptr<Outcome<BrowserAnswer>> outcome;
  auto answer = Add<BrowserAnswer>(
      "create",
      [this](const BrowserAnswer& made) {
        if (made.ok()) {
          KnownBrowser& browser = Know(*made);
          browser.sure = !racing_ && !faulty_ && !killed_;
          if (made->state != BrowserState::kReady) Fail("created, but not READY");
        } else if (!Refused(made.status()) && !faulty_ && !killed_) {
          Fail(absl::StrCat("create: ", made.status().ToString()));
        }
      },
      &outcome);
  const BrowserAnswer created = daemon_.registry().CreateBrowser(spec, std::move(answer));
  // Then nobody else answers.
  if (created.ok()) return;
  Outcome<BrowserAnswer>::Answer refused{outcome};
  refused(created.status());
}

void LifeScript::IssueAcquire() {
  const PoolId pool = pools_[Below(pools_.size())];
  size_t idle = 0;
  for (auto& [id, browser] : known_) {
    if (browser.pool != pool || !browser.in_pool()) continue;
    if (!racing_ && touched_.contains(id)) return;
    ++idle;
    // One that sleeps on disk and finds no memory is given up for another one.
    if (options_.short_of_memory && browser.asleep()) browser.sure = false;
    // Any of them may be what is acquired.
    if (racing_ || faulty_ || killed_) touched_.insert(id);
  }
  // One that sleeps on disk cannot be had where there is no memory for it.
  const bool must =
      idle > acquires_++ && !racing_ && !faulty_ && !killed_ && !options_.short_of_memory;
  daemon_.pools().Acquire(
      pool.value(), absl::ZeroDuration(),
      Add<BrowserAnswer>("acquire", [this, must](const BrowserAnswer& acquired) {
        if (!acquired.ok()) {
          if (must) Fail(absl::StrCat("acquire: ", acquired.status().ToString()));
          // What a full disk could not put on record stays in its pool.
          const bool full = faulty_ && absl::IsResourceExhausted(acquired.status());
          if (!killed_ && !full && !Refused(acquired.status())) {
            Expect("acquire", acquired.status(), {Code::kDeadlineExceeded});
          }
          return;
        }
        opened_.push_back(acquired->id);
        KnownBrowser* known = Find(acquired->id);
        KnownBrowser& browser = known == nullptr ? Know(*acquired) : *known;
        const bool sure = browser.sure && !racing_ && !faulty_ && !killed_;
        browser.held = true;
        browser.OpenAt(now());
        browser.sure = sure;
      }));
}

void LifeScript::IssueRelease(KnownBrowser& browser) {
  const SessionId id = browser.id;
  const PoolId pool = browser.pool.value_or(pools_[0]);
  const auto reuse = static_cast<Reuse>(Chance(60) ? 0 : 1 + Below(2));
  daemon_.pools().Release(
      pool.value(), id, reuse,
      Add<absl::Status>(
          absl::StrCat("release ", id.value()), [this, id, reuse](const absl::Status& released) {
            KnownBrowser* known = Find(id);
            if (known == nullptr || !known->sure) return;
            if (!known->pool.has_value()) {
              Expect("release", released, {Code::kNotFound});
            } else if (!known->held) {
              Expect("release", released, {Code::kFailedPrecondition});
            } else if (!Refused(released) || reuse != Reuse::kKeep) {
              Expect("release", released, {Code::kOk});
              known->held = false;
              known->leases = 0;
              for (HeldLease& lease : leases_) lease.taken_away |= lease.id == id;
              known->level = StandbyLevel::kNone;
              known->state = reuse == Reuse::kKeep ? BrowserState::kReady : BrowserState::kDeleted;
            }
          }));
}

void LifeScript::IssueStandby(KnownBrowser& browser) {
  const SessionId id = browser.id;
  const StandbyLevel level = Chance(50) ? StandbyLevel::kPaused : StandbyLevel::kDisk;
  daemon_.registry().Standby(
      id, level, absl::ZeroDuration(),
      Add<BrowserAnswer>(absl::StrCat("standby ", id.value(), " ", static_cast<int>(level)),
                         [this, id, level](const BrowserAnswer& slept) {
                           KnownBrowser* known = Find(id);
                           if (known == nullptr || !known->sure) return;
                           if (known->in_pool()) {
                             Expect("standby", slept.status(), {Code::kFailedPrecondition});
                           } else if (known->leases > 0) {
                             Expect("standby", slept.status(), {Code::kDeadlineExceeded});
                           } else {
                             Expect("standby", slept.status(), {Code::kOk});
                             known->SleepAt(now(), level);
                           }
                         }));
}

void LifeScript::IssueResume(KnownBrowser& browser) {
  const SessionId id = browser.id;
  daemon_.registry().Resume(
      id, Add<BrowserAnswer>(absl::StrCat("resume ", id.value()),
                             [this, id](const BrowserAnswer& woken) {
                               KnownBrowser* known = Find(id);
                               if (known == nullptr || !known->sure) return;
                               if (known->in_pool()) {
                                 Expect("resume", woken.status(), {Code::kFailedPrecondition});
                               } else if (!Refused(woken.status())) {
                                 Expect("resume", woken.status(), {Code::kOk});
                                 if (known->asleep()) known->OpenAt(now());
                                 opened_.push_back(id);
                               }
                             }));
}

void LifeScript::IssueLease(KnownBrowser& browser) {
  // A lease must not outlive the daemon.
  if (killed_) return IssueResume(browser);
  const SessionId id = browser.id;
  daemon_.registry().Lease(
      id, absl::Now() + absl::Seconds(20),
      Add<absl::StatusOr<GuestLease>>(
          absl::StrCat("lease ", id.value()), [this, id](absl::StatusOr<GuestLease> lease) {
            KnownBrowser* known = Find(id);
            const bool sure = known != nullptr && known->sure;
            if (sure && known->in_pool()) {
              Expect("lease", lease.status(), {Code::kFailedPrecondition});
            } else if (sure && !Refused(lease.status())) {
              Expect("lease", lease.status(),
                     {options_.has_agent ? Code::kOk : Code::kFailedPrecondition});
              if (known->asleep()) known->OpenAt(now());
            }
            if (!lease.ok()) return;
            if (known != nullptr) ++known->leases;
            leases_.push_back({.id = id, .lease = *std::move(lease)});
          }));
}

void LifeScript::IssueFork(KnownBrowser& browser) {
  const SessionId id = browser.id;
  const uint32_t count = 1 + static_cast<uint32_t>(Below(3));
  size_t own = 0;
  for (const auto& [other, known] : known_) own += known.pool.has_value() ? 0 : 1;
  if (own + count > 2 * kMaxOwnBrowsers) return;
  using Forks = absl::StatusOr<std::vector<Browser>>;
  daemon_.registry().Fork(
      id, count,
      Add<Forks>(absl::StrCat("fork ", id.value(), " ", count), [this, id, count](Forks forks) {
        KnownBrowser* known = Find(id);
        const bool sure = known != nullptr && known->sure;
        if (sure && known->in_pool()) {
          Expect("fork", forks.status(), {Code::kFailedPrecondition});
        } else if (sure && !Refused(forks.status())) {
          Expect("fork", forks.status(), {Code::kOk});
        }
        if (!forks.ok()) return;
        if (forks->size() != count) Fail("not as many forks as were wanted");
        const KnownBrowser* source = Find(id);
        const std::string memory = source == nullptr ? "" : source->memory;
        const std::string disk = source == nullptr ? "" : source->disk;
        for (const Browser& record : *forks) {
          KnownBrowser& fork = Know(record);
          fork.memory = memory;
          fork.disk = disk;
          fork.sure = sure;
          opened_.push_back(record.id);
        }
      }));
}

void LifeScript::IssueDelete(KnownBrowser& browser) {
  const SessionId id = browser.id;
  daemon_.registry().DeleteBrowser(id, Add<BrowserAnswer>(absl::StrCat("delete ", id.value()),
                                                          [this, id](const BrowserAnswer& deleted) {
                                                            KnownBrowser* known = Find(id);
                                                            if (known == nullptr) return;
                                                            if (deleted.ok()) known->doomed = true;
                                                            if (!known->sure) return;
                                                            Expect("delete", deleted.status(),
                                                                   {Code::kOk});
                                                            known->state = BrowserState::kDeleted;
                                                            known->leases = 0;
                                                          }));
}

void LifeScript::IssueUpdate(KnownBrowser& browser) {
  const SessionId id = browser.id;
  const absl::Duration timeout = absl::Seconds(Chance(50) ? 60 : 3600);
  const absl::Duration standby_after = absl::Seconds(1 + static_cast<int>(Below(20)));
  daemon_.registry().Update(
      id, {.timeout = timeout, .standby_after = standby_after},
      Add<BrowserAnswer>(absl::StrCat("update ", id.value()),
                         [this, id, timeout, standby_after](const BrowserAnswer& updated) {
                           KnownBrowser* known = Find(id);
                           if (known == nullptr) return;
                           if (updated.ok()) {
                             known->timeout = timeout;
                             known->standby_after = standby_after;
                           }
                           if (!known->sure) return;
                           Expect("update", updated.status(), {Code::kOk});
                           known->Settle(now(), options_.daemon.deepen_after);
                         }));
}

void LifeScript::IssueOnNobody() {
  const bool existed = !ended_.empty() && Chance(70);
  const SessionId id = existed ? ended_[Below(ended_.size())] : SessionId::Generate();
  const Code code = existed ? Code::kFailedPrecondition : Code::kNotFound;
  const auto check = [this, code](const char* what) {
    return [this, code, what](const BrowserAnswer& answer) {
      if (!killed_) Expect(what, answer.status(), {code});
    };
  };
  switch (Below(3)) {
    case 0:
      return daemon_.registry().Resume(id, Add<BrowserAnswer>("nobody", check("resume nobody")));
    case 1:
      return daemon_.registry().Standby(id, StandbyLevel::kDisk, absl::ZeroDuration(),
                                        Add<BrowserAnswer>("nobody", check("standby nobody")));
    default:
      return daemon_.registry().DeleteBrowser(
          id, Add<BrowserAnswer>("nobody", [this, existed](const BrowserAnswer& answer) {
            Expect("delete nobody", answer.status(), {existed ? Code::kOk : Code::kNotFound});
          }));
  }
}

void LifeScript::Kill(KnownBrowser& browser) {
  const BrowserAnswer record = daemon_.registry().records().GetLive(browser.id);
  if (!record.ok() || !record->vm.has_value()) return;
  ++done_;
  ++counts_["kill"];
  Trace(absl::StrCat("kill ", browser.id.value()));
  const bool killed = daemon_.host().Kill(*record->vm, "it crashed").ok();
  // In a race it may have gone to disk just before.
  browser.doomed = killed && browser.sure && !racing_ && !killed_;
  browser.sure = false;
}

void LifeScript::Work(KnownBrowser& browser) {
  if (!browser.sure || !browser.awake() || racing_ || faulty_ || killed_) return;
  const BrowserAnswer record = daemon_.registry().records().GetLive(browser.id);
  if (!record.ok() || !record->vm.has_value()) return;
  const std::string text = absl::StrCat("work ", ++texts_);
  ++done_;
  ++counts_["work"];
  Trace(absl::StrCat(text, " in ", browser.id.value()));
  if (!daemon_.host().SetMemory(*record->vm, text).ok()) return;
  browser.memory = text;
  if (!options_.has_disk) return;
  WriteScratchMarker(daemon_.host().Config(*record->vm)->scratch_disk, text);
  browser.disk = text;
}

void LifeScript::DropLease() {
  if (leases_.empty()) return;
  const auto picked = leases_.begin() + static_cast<ptrdiff_t>(Below(leases_.size()));
  KnownBrowser* known = Find(picked->id);
  if (known != nullptr && !racing_ && touched_.contains(known->id)) return;
  ++done_;
  ++counts_["drop_lease"];
  Trace(absl::StrCat("drop a lease of ", picked->id.value()));
  if (Chance(2)) picked->lease.ReportBroken();
  const bool counts = picked->lease.revoked().status().ok();
  if (known != nullptr) touched_.insert(known->id);
  leases_.erase(picked);
  if (known == nullptr || !counts || known->leases == 0 || --known->leases > 0) return;
  known->last_active = now();
}

}  // namespace orch::testing

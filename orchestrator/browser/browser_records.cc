#include "orchestrator/browser/browser_records.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// Of inserts that failed: further ones are left to the next daemon, which finds them.
constexpr size_t kMaxLostInserts = 1000;

absl::Status NoSuchBrowser(const SessionId& id) {
  return absl::NotFoundError(absl::StrCat("there is no browser ", id.value()));
}

}  // namespace

class BrowserRecords::Subscription : public BrowserWatch {
 public:
  explicit Subscription(BrowserRecords& records) : records_(records) {}
  ~Subscription() override {
    absl::MutexLock lock(&records_.mutex_);
    records_.watchers_.erase(this);
  }

 private:
  BrowserRecords& records_;
};

absl::Status BrowserRecords::Load() {
  BrowserQuery query;
  for (BrowserState state : kAllBrowserStates) {
    if (!IsTerminal(state)) query.states.push_back(state);
  }
  ORCH_ASSIGN_OR_RETURN(std::vector<Browser> browsers, store_.ListBrowsers(query));
  absl::MutexLock lock(&mutex_);
  for (Browser& browser : browsers) live_.insert_or_assign(browser.id, std::move(browser));
  return absl::OkStatus();
}

absl::Status BrowserRecords::Insert(const Browser& browser) {
  const absl::Status kept = store_.PutBrowser(browser);
  if (kept.ok()) {
    Publish(browser);
    return kept;
  }
  if (!EndInsert(browser.id).ok()) {
    absl::MutexLock lock(&mutex_);
    if (lost_inserts_.size() < kMaxLostInserts) lost_inserts_.push_back(browser.id);
  }
  return kept;
}

absl::Status BrowserRecords::EndInsert(const SessionId& id) {
  absl::StatusOr<Browser> stored = store_.GetBrowser(id);
  if (absl::IsNotFound(stored.status())) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(stored.status());
  stored->state = BrowserState::kFailed;
  stored->failure_reason = "its record could not be kept when it was created";
  stored->ended_at = clock_.Now();
  return store_.PutBrowser(*stored);
}

void BrowserRecords::SettleInserts() {
  std::vector<SessionId> lost;
  {
    absl::MutexLock lock(&mutex_);
    lost.swap(lost_inserts_);
  }
  for (const SessionId& id : lost) {
    if (EndInsert(id).ok()) continue;
    absl::MutexLock lock(&mutex_);
    lost_inserts_.push_back(id);
  }
}

absl::StatusOr<Browser> BrowserRecords::Update(const SessionId& id,
                                               absl::FunctionRef<void(Browser&)> change) {
  ORCH_ASSIGN_OR_RETURN(Browser browser, GetLive(id));
  const BrowserState from = browser.state;
  change(browser);
  const BrowserState to = browser.state;
  if (to != from && !IsLegalTransition(from, to)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "browser ", id.value(), " is ", ToString(from), " and cannot become ", ToString(to)));
  }
  if (to == BrowserState::kReady && !browser.ready_at.has_value()) browser.ready_at = clock_.Now();
  if (to != BrowserState::kStandby) browser.standby_level = StandbyLevel::kNone;
  if (IsTerminal(to)) {
    browser.ended_at = clock_.Now();
    browser.vm.reset();
  }
  if (absl::Status kept = store_.PutBrowser(browser); !kept.ok()) {
    absl::MutexLock lock(&mutex_);
    in_doubt_.insert(id);
    return kept;
  }
  Publish(browser);
  return browser;
}

bool BrowserRecords::IsInDoubt(const SessionId& id) const {
  absl::MutexLock lock(&mutex_);
  return in_doubt_.contains(id);
}

absl::Status BrowserRecords::Settle(const SessionId& id) {
  if (!IsInDoubt(id)) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(const Browser browser, GetLive(id));
  ORCH_RETURN_IF_ERROR(store_.PutBrowser(browser));
  absl::MutexLock lock(&mutex_);
  in_doubt_.erase(id);
  return absl::OkStatus();
}

absl::StatusOr<Browser> BrowserRecords::Transition(const SessionId& id, BrowserState to,
                                                   absl::string_view reason) {
  return Update(id, [&](Browser& browser) {
    browser.state = to;
    if (to == BrowserState::kFailed) browser.failure_reason = std::string(reason);
  });
}

absl::StatusOr<Browser> BrowserRecords::Get(const SessionId& id) const {
  if (absl::StatusOr<Browser> live = GetLive(id); live.ok()) return live;
  absl::StatusOr<Browser> ended = store_.GetBrowser(id);
  if (absl::IsNotFound(ended.status())) return NoSuchBrowser(id);
  return ended;
}

absl::StatusOr<Browser> BrowserRecords::GetLive(const SessionId& id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = live_.find(id);
  if (it == live_.end()) return NoSuchBrowser(id);
  return it->second;
}

std::vector<Browser> BrowserRecords::Live() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Browser> browsers;
  browsers.reserve(live_.size());
  for (const auto& [id, browser] : live_) browsers.push_back(browser);
  return browsers;
}

std::unique_ptr<BrowserWatch> BrowserRecords::Watch(Callback callback) {
  auto subscription = std::make_unique<Subscription>(*this);
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, browser] : live_) callback(browser);
  watchers_.emplace(subscription.get(), std::make_shared<Callback>(std::move(callback)));
  return subscription;
}

void BrowserRecords::Publish(const Browser& browser) {
  std::vector<std::shared_ptr<Callback>> callbacks;
  {
    absl::MutexLock lock(&mutex_);
    in_doubt_.erase(browser.id);
    if (IsTerminal(browser.state)) {
      live_.erase(browser.id);
    } else {
      live_.insert_or_assign(browser.id, browser);
    }
    for (const auto& [subscription, callback] : watchers_) callbacks.push_back(callback);
  }
  for (const auto& callback : callbacks) (*callback)(browser);
}

}  // namespace orch

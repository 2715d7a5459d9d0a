#include "orchestrator/store/fake/fake_state_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/browser_record.h"
#include "orchestrator/store/pool_record.h"

namespace orch {
namespace {

// Whether (`created_at`, `id`) comes later in the order than `cursor`: newest first, ties by id.
bool IsAfter(const Browser& browser, const BrowserCursor& cursor) {
  return std::tie(cursor.created_at, browser.id) > std::tie(browser.created_at, cursor.id);
}

bool Matches(const Browser& browser, const BrowserQuery& query) {
  const bool state_matches =
      query.states.empty() ||
      std::find(query.states.begin(), query.states.end(), browser.state) != query.states.end();
  const bool pool_matches = !query.pool.has_value() || (browser.membership.has_value() &&
                                                        browser.membership->pool == *query.pool);
  return state_matches && pool_matches &&
         (!query.after.has_value() || IsAfter(browser, *query.after));
}

}  // namespace

absl::Status FakeStateStore::PutBrowser(const Browser& browser) {
  ORCH_RETURN_IF_ERROR(ValidateBrowserRecord(browser));
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(write_failure_);
  browsers_.insert_or_assign(browser.id, browser);
  return absl::OkStatus();
}

absl::StatusOr<Browser> FakeStateStore::GetBrowser(const SessionId& id) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(read_failure_);
  const auto found = browsers_.find(id);
  if (found == browsers_.end()) {
    return absl::NotFoundError(absl::StrCat("no browser has session_id ", id.value()));
  }
  return found->second;
}

absl::StatusOr<std::vector<Browser>> FakeStateStore::ListBrowsers(const BrowserQuery& query) {
  std::vector<Browser> found;
  {
    absl::MutexLock lock(&mutex_);
    ORCH_RETURN_IF_ERROR(read_failure_);
    for (const auto& [id, browser] : browsers_) {
      if (Matches(browser, query)) found.push_back(browser);
    }
  }
  std::sort(found.begin(), found.end(), [](const Browser& a, const Browser& b) {
    return std::tie(b.created_at, a.id) < std::tie(a.created_at, b.id);
  });
  if (query.limit > 0 && found.size() > query.limit) {
    found.erase(found.begin() + static_cast<std::ptrdiff_t>(query.limit), found.end());
  }
  return found;
}

absl::Status FakeStateStore::PutPool(const Pool& pool) {
  ORCH_RETURN_IF_ERROR(ValidatePoolRecord(pool));
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(write_failure_);
  pools_.insert_or_assign(pool.id, pool);
  return absl::OkStatus();
}

absl::Status FakeStateStore::DeletePool(const PoolId& id) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(write_failure_);
  pools_.erase(id);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Pool>> FakeStateStore::ListPools() {
  std::vector<Pool> pools;
  {
    absl::MutexLock lock(&mutex_);
    ORCH_RETURN_IF_ERROR(read_failure_);
    for (const auto& [id, pool] : pools_) pools.push_back(pool);
  }
  std::sort(pools.begin(), pools.end(), [](const Pool& a, const Pool& b) {
    return std::tie(b.created_at, a.id) < std::tie(a.created_at, b.id);
  });
  return pools;
}

void FakeStateStore::FailWrites(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  write_failure_ = std::move(status);
}

void FakeStateStore::FailReads(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  read_failure_ = std::move(status);
}

}  // namespace orch

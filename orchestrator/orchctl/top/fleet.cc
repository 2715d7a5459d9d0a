#include "orchestrator/orchctl/top/fleet.h"

#include <utility>

#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::Pool;

void Fleet::Put(const Browser& browser) {
  absl::MutexLock lock(&mutex_);
  ++changes_;
  if (browser.state() == orchestrator::v1::BROWSER_STATE_DELETED) {
    browsers_.erase(browser.session_id());
  } else {
    browsers_[browser.session_id()] = browser;
  }
}

void Fleet::ForgetBrowsers() {
  absl::MutexLock lock(&mutex_);
  ++changes_;
  browsers_.clear();
}

void Fleet::SetPools(std::vector<Pool> pools) {
  absl::MutexLock lock(&mutex_);
  pools_ = std::move(pools);
  pool_trouble_ = absl::OkStatus();
}

void Fleet::SetBrowserTrouble(absl::Status trouble) {
  absl::MutexLock lock(&mutex_);
  ++changes_;
  browser_trouble_ = std::move(trouble);
}

void Fleet::SetPoolTrouble(absl::Status trouble) {
  absl::MutexLock lock(&mutex_);
  pool_trouble_ = std::move(trouble);
}

Fleet::View Fleet::ViewAt(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  View view;
  for (auto it = browsers_.begin(); it != browsers_.end();) {
    const Browser& browser = it->second;
    if (browser.state() == orchestrator::v1::BROWSER_STATE_FAILED &&
        FromTimestamp(browser.ended_at()) + kKeepFailed < now) {
      it = browsers_.erase(it);
      continue;
    }
    view.browsers.push_back(browser);
    ++it;
  }
  view.pools = pools_;
  view.trouble = browser_trouble_.ok() ? pool_trouble_ : browser_trouble_;
  return view;
}

uint64_t Fleet::changes() const {
  absl::MutexLock lock(&mutex_);
  return changes_;
}

}  // namespace orch::ctl

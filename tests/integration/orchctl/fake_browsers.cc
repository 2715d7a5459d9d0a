#include "tests/integration/orchctl/fake_browsers.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace orch::testing {
namespace {

using ::orchestrator::v1::Browser;

constexpr size_t kPageSize = 2;

grpc::Status NotFound(const std::string& session_id) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, absl::StrCat("no browser ", session_id));
}

bool Ended(const Browser& browser) {
  return browser.state() == orchestrator::v1::BROWSER_STATE_DELETED ||
         browser.state() == orchestrator::v1::BROWSER_STATE_FAILED;
}

bool Matches(const Browser& browser, const orchestrator::v1::ListBrowsersRequest& request) {
  if (request.states().empty()) return !Ended(browser);
  return std::find(request.states().begin(), request.states().end(), browser.state()) !=
         request.states().end();
}

}  // namespace

void FakeBrowsers::Add(const std::string& session_id) {
  absl::MutexLock lock(&mutex_);
  Browser browser;
  browser.set_session_id(session_id);
  browser.set_state(orchestrator::v1::BROWSER_STATE_READY);
  browsers_.push_back(browser);
}

void FakeBrowsers::SetState(const std::string& session_id, orchestrator::v1::BrowserState state,
                            const std::string& failure_reason) {
  absl::MutexLock lock(&mutex_);
  Browser* browser = Find(session_id);
  browser->set_state(state);
  browser->set_failure_reason(failure_reason);
  changes_.push_back(*browser);
}

orchestrator::v1::CreateBrowserRequest FakeBrowsers::last_create() const {
  absl::MutexLock lock(&mutex_);
  return last_create_;
}

void FakeBrowsers::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

Browser* FakeBrowsers::Find(const std::string& session_id) {
  for (Browser& browser : browsers_) {
    if (browser.session_id() == session_id) return &browser;
  }
  return nullptr;
}

grpc::Status FakeBrowsers::CreateBrowser(grpc::ServerContext*,
                                         const orchestrator::v1::CreateBrowserRequest* request,
                                         Browser* response) {
  absl::MutexLock lock(&mutex_);
  last_create_ = *request;
  if (request->spec().image() == kBrokenImage) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED,
                        "not ready in 60 s; console:\nline\x1b[2J");
  }
  Browser browser;
  browser.set_session_id(absl::StrCat("created", browsers_.size()));
  *browser.mutable_spec() = request->spec();
  browser.set_state(orchestrator::v1::BROWSER_STATE_READY);
  browsers_.push_back(browser);
  *response = browser;
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::GetBrowser(grpc::ServerContext*,
                                      const orchestrator::v1::GetBrowserRequest* request,
                                      Browser* response) {
  absl::MutexLock lock(&mutex_);
  const Browser* browser = Find(request->session_id());
  if (browser == nullptr) return NotFound(request->session_id());
  *response = *browser;
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::ListBrowsers(grpc::ServerContext*,
                                        const orchestrator::v1::ListBrowsersRequest* request,
                                        orchestrator::v1::ListBrowsersResponse* response) {
  absl::MutexLock lock(&mutex_);
  size_t i = 0;
  if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &i)) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "bad page_token");
  }
  for (; i < browsers_.size(); ++i) {
    if (!Matches(browsers_[i], *request)) continue;
    if (static_cast<size_t>(response->browsers_size()) == kPageSize) {
      response->set_next_page_token(absl::StrCat(i));
      break;
    }
    *response->add_browsers() = browsers_[i];
  }
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::DeleteBrowser(grpc::ServerContext*,
                                         const orchestrator::v1::DeleteBrowserRequest* request,
                                         Browser* response) {
  absl::MutexLock lock(&mutex_);
  Browser* browser = Find(request->session_id());
  if (browser == nullptr) return NotFound(request->session_id());
  browser->set_state(orchestrator::v1::BROWSER_STATE_DELETED);
  changes_.push_back(*browser);
  *response = *browser;
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::WatchBrowsers(
    grpc::ServerContext*, const orchestrator::v1::WatchBrowsersRequest* request,
    grpc::ServerWriter<orchestrator::v1::WatchBrowsersResponse>* writer) {
  std::vector<Browser> events;
  size_t seen = 0;
  {
    absl::MutexLock lock(&mutex_);
    events = browsers_;
    seen = changes_.size();
  }
  while (true) {
    for (const Browser& browser : events) {
      if (!request->session_id().empty() && browser.session_id() != request->session_id()) continue;
      orchestrator::v1::WatchBrowsersResponse response;
      *response.mutable_browser() = browser;
      if (!writer->Write(response)) return grpc::Status::CANCELLED;
    }
    absl::MutexLock lock(&mutex_);
    const auto woken = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return stopped_ || changes_.size() > seen;
    };
    mutex_.Await(absl::Condition(&woken));
    if (stopped_) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon stops");
    events.assign(changes_.begin() + static_cast<std::ptrdiff_t>(seen), changes_.end());
    seen = changes_.size();
  }
}

}  // namespace orch::testing

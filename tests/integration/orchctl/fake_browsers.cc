#include "tests/integration/orchctl/fake_browsers.h"

#include <algorithm>
#include <utility>

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

orchestrator::v1::StandbyBrowserRequest FakeBrowsers::last_standby() const {
  absl::MutexLock lock(&mutex_);
  return last_standby_;
}

orchestrator::v1::UpdateBrowserRequest FakeBrowsers::last_update() const {
  absl::MutexLock lock(&mutex_);
  return last_update_;
}

orchestrator::v1::StreamConsoleRequest FakeBrowsers::last_console() const {
  absl::MutexLock lock(&mutex_);
  return last_console_;
}

void FakeBrowsers::SetConsole(std::vector<orchestrator::v1::StreamConsoleResponse> responses) {
  absl::MutexLock lock(&mutex_);
  console_ = std::move(responses);
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

grpc::Status FakeBrowsers::StandbyBrowser(grpc::ServerContext*,
                                          const orchestrator::v1::StandbyBrowserRequest* request,
                                          Browser* response) {
  absl::MutexLock lock(&mutex_);
  last_standby_ = *request;
  Browser* browser = Find(request->session_id());
  if (browser == nullptr) return NotFound(request->session_id());
  browser->set_state(orchestrator::v1::BROWSER_STATE_STANDBY);
  browser->set_standby_level(request->level());
  changes_.push_back(*browser);
  *response = *browser;
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::ResumeBrowser(grpc::ServerContext*,
                                         const orchestrator::v1::ResumeBrowserRequest* request,
                                         Browser* response) {
  absl::MutexLock lock(&mutex_);
  Browser* browser = Find(request->session_id());
  if (browser == nullptr) return NotFound(request->session_id());
  browser->set_state(orchestrator::v1::BROWSER_STATE_READY);
  browser->clear_standby_level();
  changes_.push_back(*browser);
  *response = *browser;
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::ForkBrowser(grpc::ServerContext*,
                                       const orchestrator::v1::ForkBrowserRequest* request,
                                       orchestrator::v1::ForkBrowserResponse* response) {
  absl::MutexLock lock(&mutex_);
  if (Find(request->session_id()) == nullptr) return NotFound(request->session_id());
  for (uint32_t i = 0; i < request->count(); ++i) {
    Browser browser = *Find(request->session_id());
    browser.set_session_id(absl::StrCat("fork", i));
    browsers_.push_back(browser);
    *response->add_browsers() = browser;
  }
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::UpdateBrowser(grpc::ServerContext*,
                                         const orchestrator::v1::UpdateBrowserRequest* request,
                                         Browser* response) {
  absl::MutexLock lock(&mutex_);
  last_update_ = *request;
  const Browser* browser = Find(request->session_id());
  if (browser == nullptr) return NotFound(request->session_id());
  *response = *browser;
  return grpc::Status::OK;
}

grpc::Status FakeBrowsers::StreamConsole(
    grpc::ServerContext*, const orchestrator::v1::StreamConsoleRequest* request,
    grpc::ServerWriter<orchestrator::v1::StreamConsoleResponse>* writer) {
  std::vector<orchestrator::v1::StreamConsoleResponse> console;
  {
    absl::MutexLock lock(&mutex_);
    last_console_ = *request;
    if (Find(request->session_id()) == nullptr) return NotFound(request->session_id());
    console = console_;
  }
  for (const auto& response : console) {
    if (!writer->Write(response)) return grpc::Status::CANCELLED;
  }
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

#include "orchestrator/gateway/hyperbrowser/control_routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/routes/browser_urls.h"

namespace orch::gateway {
namespace {

using ::nlohmann::json;
using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using Async = BrowserService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// A template may have to be made first.
constexpr absl::Duration kCreateTimeout = absl::Minutes(10);
constexpr int64_t kMaxTimeoutMinutes = 259'200 / 60;
constexpr int64_t kMaxVcpus = 256;
constexpr int64_t kMaxMemoryMib = 1 << 20;
constexpr uint32_t kMaxPage = 1000;

json DetailJson(const Browser& browser, const Call& call) {
  const BrowserUrls urls(browser, call);
  const std::string created_at = TimeJson(browser.created_at());
  json detail = {{"id", browser.session_id()},
                 {"status", HasEnded(browser) ? "closed" : "active"},
                 {"region", "local"},
                 {"createdAt", created_at},
                 {"updatedAt", created_at},
                 {"creditsUsed", nullptr},
                 {"exposedPorts", json::array()},
                 {"runtime",
                  {{"transport", "regional_proxy"},
                   {"host", urls.host()},
                   {"baseUrl", urls.SandboxRuntime()}}},
                 {"vcpus", browser.spec().vcpus()},
                 {"memMiB", browser.spec().memory_mib()},
                 {"timeoutMinutes", browser.spec().timeout_seconds() / 60},
                 {"token", nullptr},
                 {"tokenExpiresAt", nullptr}};
  if (!HasEnded(browser)) detail["token"] = urls.token();
  return detail;
}

absl::StatusOr<orchestrator::v1::CreateBrowserRequest> ReadCreate(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "sandboxes.create");
  orchestrator::v1::CreateBrowserRequest request;
  auto& spec = *request.mutable_spec();
  spec.set_headless(true);
  if (const auto image = body.String("imageName")) spec.set_image(*image);
  if (const auto vcpus = body.Integer("vcpus", 1, kMaxVcpus)) {
    spec.set_vcpus(static_cast<uint32_t>(*vcpus));
  }
  if (const auto memory = body.Integer("memMiB", 1, kMaxMemoryMib)) {
    spec.set_memory_mib(static_cast<uint32_t>(*memory));
  }
  if (const auto minutes = body.Integer("timeoutMinutes", 1, kMaxTimeoutMinutes)) {
    spec.set_timeout_seconds(static_cast<uint32_t>(*minutes * 60));
  }
  for (const char* field : {"imageId", "snapshotName", "snapshotId", "diskSizeMiB", "region",
                            "mounts", "exposedPorts", "allowOut", "denyOut"}) {
    body.NoEffectYet(field, nullptr);
  }
  body.NoEffectYet("enableRecording", false);
  body.NoEffectYet("allowInternetAccess", false);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Create(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::CreateBrowserRequest> request = ReadCreate(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().browsers->async(), &Async::CreateBrowser, *std::move(request),
            {.timeout = kCreateTimeout}, [call](const absl::StatusOr<Browser>& browser) {
              if (!browser.ok()) return call->Fail(browser.status());
              call->AnswerJson(DetailJson(*browser, *call));
            });
}

void Get(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(*id);
  call->Rpc(call->backend().browsers->async(), &Async::GetBrowser, std::move(request), {},
            [call](const absl::StatusOr<Browser>& browser) {
              if (!browser.ok()) return call->Fail(browser.status());
              call->AnswerJson(DetailJson(*browser, *call));
            });
}

void Stop(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  orchestrator::v1::DeleteBrowserRequest request;
  request.set_session_id(*id);
  call->Rpc(call->backend().browsers->async(), &Async::DeleteBrowser, std::move(request), {},
            [call](const absl::StatusOr<Browser>& browser) {
              if (!browser.ok()) return call->Fail(browser.status());
              call->AnswerJson({{"success", true}});
            });
}

// Which page of the sandboxes that run, and what has been seen of them.
struct Listing {
  orchestrator::v1::ListBrowsersRequest request;
  uint32_t page = 1;
  uint32_t per_page = 20;
  uint32_t seen = 0;
  json sandboxes = json::array();
};

absl::StatusOr<uint32_t> QueryNumber(const Call& call, const char* name, uint32_t fallback,
                                     uint32_t high) {
  const auto text = call.request().target.Query(name);
  uint32_t value = fallback;
  if (text.has_value() && (!absl::SimpleAtoi(*text, &value) || value == 0 || value > high)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " must be a whole number, 1..", high));
  }
  return value;
}

void ListOn(const CallPtr& call, const std::shared_ptr<Listing>& listing) {
  call->Rpc(call->backend().browsers->async(), &Async::ListBrowsers, listing->request, {},
            [call, listing](const absl::StatusOr<orchestrator::v1::ListBrowsersResponse>& page) {
              if (!page.ok()) return call->Fail(page.status());
              const uint32_t begin = (listing->page - 1) * listing->per_page;
              for (const Browser& browser : page->browsers()) {
                // Idle browsers of a pool are nobody's.
                if (!browser.pool_id().empty() && !browser.has_acquired_at()) continue;
                const uint32_t index = listing->seen++;
                if (index >= begin && index < begin + listing->per_page) {
                  listing->sandboxes.push_back(DetailJson(browser, *call));
                }
              }
              if (!page->next_page_token().empty()) {
                listing->request.set_page_token(page->next_page_token());
                return ListOn(call, listing);
              }
              call->AnswerJson({{"sandboxes", std::move(listing->sandboxes)},
                                {"totalCount", listing->seen},
                                {"page", listing->page},
                                {"perPage", listing->per_page}});
            });
}

void List(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"page", "limit", "status"}); !status.ok()) {
    return call->Fail(status);
  }
  const absl::StatusOr<uint32_t> page = QueryNumber(*call, "page", 1, 1'000'000);
  const absl::StatusOr<uint32_t> limit = QueryNumber(*call, "limit", 20, kMaxPage);
  if (!page.ok()) return call->Fail(page.status());
  if (!limit.ok()) return call->Fail(limit.status());
  if (call->request().target.Query("status").value_or("active") != "active") {
    return call->Fail(absl::UnimplementedError("only sandboxes with status=active are listed"));
  }
  auto listing = std::make_shared<Listing>();
  listing->page = *page;
  listing->per_page = *limit;
  listing->request.set_page_size(500);
  for (auto state :
       {orchestrator::v1::BROWSER_STATE_READY, orchestrator::v1::BROWSER_STATE_ACQUIRED,
        orchestrator::v1::BROWSER_STATE_STANDBY}) {
    listing->request.add_states(state);
  }
  ListOn(call, listing);
}

}  // namespace

std::vector<Route> HyperbrowserControlRoutes() {
  return {
      {"POST", "/api/sandbox", Create},
      {"GET", "/api/sandbox/{id}", Get},
      {"PUT", "/api/sandbox/{id}/stop", Stop},
      {"GET", "/api/sandboxes", List},
  };
}

}  // namespace orch::gateway

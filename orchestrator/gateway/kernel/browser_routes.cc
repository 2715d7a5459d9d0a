#include "orchestrator/gateway/kernel/browser_routes.h"

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/kernel/page.h"
#include "orchestrator/gateway/routes/with_browser.h"

namespace orch::gateway {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using Async = BrowserService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// A template may have to be made first.
constexpr absl::Duration kCreateTimeout = absl::Minutes(10);
// Recordings end before it changes.
constexpr absl::Duration kViewportTimeout = absl::Minutes(6);
constexpr int kListPageSize = 500;

void Answer(const CallPtr& call, const absl::StatusOr<Browser>& browser) {
  if (!browser.ok()) return call->Fail(browser.status());
  call->AnswerJson(BrowserJson(*browser, *call));
}

absl::StatusOr<orchestrator::v1::CreateBrowserRequest> ReadCreate(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.create");
  orchestrator::v1::CreateBrowserRequest request;
  ReadBrowserFields(body, *request.mutable_spec());
  body.NoEffectYet("invocation_id", nullptr);
  body.NoEffectYet("name", nullptr);
  body.NoEffectYet("tags", nullptr);
  body.NoEffectYet("gpu", false);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Create(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::CreateBrowserRequest> request = ReadCreate(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().browsers->async(), &Async::CreateBrowser, *std::move(request),
            {.timeout = kCreateTimeout}, [call](const absl::StatusOr<Browser>& browser) {
              if (browser.ok()) return Answer(call, browser);
              call->Fail(browser.status(), {{absl::StatusCode::kResourceExhausted, 529}});
            });
}

absl::Status Ended(const Browser& browser) {
  return absl::NotFoundError(absl::StrCat("browser ", browser.session_id(), " has ended"));
}

void Get(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"include_deleted"}); !status.ok())
    return call->Fail(status);
  const absl::StatusOr<bool> include_deleted = QueryBool(*call, "include_deleted", false);
  if (!include_deleted.ok()) return call->Fail(include_deleted.status());
  WithBrowser(call, [call, include_deleted = *include_deleted](const Browser& browser) {
    if (HasEnded(browser) && !include_deleted) return call->Fail(Ended(browser));
    call->AnswerJson(BrowserJson(browser, *call));
  });
}

// Of what the API can change of a browser, only the viewport has an effect yet.
absl::StatusOr<orchestrator::v1::UpdateBrowserRequest> ReadUpdate(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.update");
  orchestrator::v1::UpdateBrowserRequest request;
  ReadViewportUpdate(body, request);
  for (const char* name : {"name", "tags", "proxy_id", "profile", "telemetry"}) {
    body.NoEffectYet(name, nullptr);
  }
  body.NoEffectYet("disable_default_proxy", false);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Update(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::UpdateBrowserRequest> request = ReadUpdate(*call);
  if (!request.ok()) return call->Fail(request.status());
  WithBrowser(call, [call, request = *std::move(request)](const Browser& browser) mutable {
    if (HasEnded(browser)) return call->Fail(Ended(browser));
    if (!request.has_viewport()) return call->AnswerJson(BrowserJson(browser, *call));
    request.set_session_id(browser.session_id());
    call->Rpc(call->backend().browsers->async(), &Async::UpdateBrowser, std::move(request),
              {.timeout = kViewportTimeout},
              [call](const absl::StatusOr<Browser>& updated) { Answer(call, updated); });
  });
}

void Delete(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({}); !status.ok()) return call->Fail(status);
  WithBrowser(call, [call](const Browser& browser) {
    if (HasEnded(browser)) return call->Fail(Ended(browser));
    orchestrator::v1::DeleteBrowserRequest request;
    request.set_session_id(browser.session_id());
    call->Rpc(call->backend().browsers->async(), &Async::DeleteBrowser, std::move(request), {},
              [call](const absl::StatusOr<Browser>& deleted) {
                if (!deleted.ok()) return call->Fail(deleted.status());
                call->AnswerEmpty(204);
              });
  });
}

// Which browsers a list shows, and how far it has come.
struct Listing {
  CallPtr call;
  Page page;
  std::string query;
  orchestrator::v1::ListBrowsersRequest request;
};

absl::StatusOr<Listing> ReadListing(const CallPtr& call) {
  ORCH_RETURN_IF_ERROR(
      call->CheckQuery({"status", "include_deleted", "limit", "offset", "query", "tags"}));
  Listing listing{.call = call, .page = {}, .query = {}, .request = {}};
  ORCH_ASSIGN_OR_RETURN(listing.page, ReadPage(*call));
  ORCH_ASSIGN_OR_RETURN(const bool include_deleted, QueryBool(*call, "include_deleted", false));
  std::string status = call->request().target.Query("status").value_or("active");
  if (include_deleted && status == "active") status = "all";
  if (status != "active" && status != "deleted" && status != "all") {
    return absl::InvalidArgumentError("status must be active, deleted or all");
  }
  for (const auto& [name, value] : call->request().target.query) {
    if (absl::StartsWith(name, "tags")) {
      return absl::UnimplementedError("tags of browsers.list has no effect yet: leave it out");
    }
  }
  listing.query = call->request().target.Query("query").value_or("");
  listing.request.set_page_size(kListPageSize);
  if (status != "deleted") {
    for (auto state :
         {orchestrator::v1::BROWSER_STATE_CREATING, orchestrator::v1::BROWSER_STATE_READY,
          orchestrator::v1::BROWSER_STATE_ACQUIRED, orchestrator::v1::BROWSER_STATE_STANDBY}) {
      listing.request.add_states(state);
    }
  }
  if (status != "active") {
    for (auto state :
         {orchestrator::v1::BROWSER_STATE_DELETING, orchestrator::v1::BROWSER_STATE_DELETED,
          orchestrator::v1::BROWSER_STATE_FAILED}) {
      listing.request.add_states(state);
    }
  }
  return listing;
}

// Idle browsers of a pool are nobody's session.
bool IsListed(const Browser& browser, const std::string& query) {
  const bool idle = !browser.pool_id().empty() && !browser.has_acquired_at() && !HasEnded(browser);
  return !idle && absl::StrContains(browser.session_id(), query);
}

void ListOn(const std::shared_ptr<Listing>& listing) {
  const CallPtr& call = listing->call;
  call->Rpc(call->backend().browsers->async(), &Async::ListBrowsers, listing->request, {},
            [listing](absl::StatusOr<orchestrator::v1::ListBrowsersResponse> response) {
              if (!response.ok()) return listing->call->Fail(response.status());
              for (const Browser& browser : response->browsers()) {
                if (!IsListed(browser, listing->query)) continue;
                if (listing->page.Wants()) listing->page.Add(BrowserJson(browser, *listing->call));
                listing->page.Count();
              }
              if (response->next_page_token().empty() || listing->page.IsComplete()) {
                return listing->page.Answer(*listing->call);
              }
              listing->request.set_page_token(response->next_page_token());
              ListOn(listing);
            });
}

void List(const CallPtr& call) {
  absl::StatusOr<Listing> listing = ReadListing(call);
  if (!listing.ok()) return call->Fail(listing.status());
  ListOn(std::make_shared<Listing>(*std::move(listing)));
}

}  // namespace

std::vector<Route> BrowserRoutes() {
  return {
      {"POST", "/browsers", Create},
      {"GET", "/browsers", List},
      {"GET", "/browsers/{id_or_name}", Get},
      {"PATCH", "/browsers/{id_or_name}", Update},
      {"DELETE", "/browsers/{id_or_name}", Delete},
  };
}

}  // namespace orch::gateway

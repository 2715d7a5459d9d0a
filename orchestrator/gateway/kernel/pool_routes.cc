#include "orchestrator/gateway/kernel/pool_routes.h"

#include <memory>
#include <utility>

#include "absl/strings/match.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/kernel/page.h"
#include "orchestrator/gateway/kernel/pool_fields.h"

namespace orch::gateway {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;
using Async = PoolService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

constexpr int kListPageSize = 500;
constexpr int64_t kMaxAcquireSeconds = 3600;
// The daemon answers by itself, at the latest after the longest time that can be asked for or the
// time to fill a pool at the lowest rate.
constexpr absl::Duration kAcquireTimeout = absl::Hours(3);

void AnswerEmpty(const CallPtr& call, const absl::Status& status, const StatusMap& overrides = {}) {
  if (!status.ok()) return call->Fail(status, overrides);
  call->AnswerEmpty(204);
}

absl::StatusOr<orchestrator::v1::CreatePoolRequest> ReadCreate(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browserPools.create");
  if (!body.Has("size")) body.Refuse("size", absl::StatusCode::kInvalidArgument, "is required");
  orchestrator::v1::CreatePoolRequest request;
  ReadPoolFields(body, *request.mutable_spec());
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Create(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::CreatePoolRequest> request = ReadCreate(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().pools->async(), &Async::CreatePool, *std::move(request), {},
            [call](const absl::StatusOr<Pool>& pool) {
              if (!pool.ok()) return call->Fail(pool.status());
              call->AnswerJson(PoolJson(*pool), 201);
            });
}

// Calls `next` with the pool that the path names.
template <typename Next>
void WithPool(const CallPtr& call, Next next) {
  orchestrator::v1::GetPoolRequest request;
  request.set_pool(call->Param("id_or_name"));
  call->Rpc(call->backend().pools->async(), &Async::GetPool, std::move(request), {},
            [call, next = std::move(next)](absl::StatusOr<Pool> pool) mutable {
              if (!pool.ok()) return call->Fail(pool.status());
              next(*std::move(pool));
            });
}

void Get(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({}); !status.ok()) return call->Fail(status);
  WithPool(call, [call](const Pool& pool) { call->AnswerJson(PoolJson(pool)); });
}

// The daemon takes a whole spec of a browser, the API the fields that change: those go on top of
// what `pool` has.
absl::StatusOr<orchestrator::v1::UpdatePoolRequest> ReadUpdate(const Call& call, const Pool& pool) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browserPools.update");
  orchestrator::v1::PoolSpec spec = pool.spec();
  ReadPoolFields(body, spec);
  orchestrator::v1::UpdatePoolRequest request;
  request.set_discard_all_idle(body.Bool("discard_all_idle").value_or(false));
  ORCH_RETURN_IF_ERROR(body.Finish());
  request.set_pool(pool.pool_id());
  request.set_name(spec.name());
  if (body.Has("size")) request.set_size(spec.size());
  if (body.Has("fill_rate_per_minute"))
    request.set_fill_rate_per_minute(spec.fill_rate_per_minute());
  for (const char* field : {"timeout_seconds", "headless", "viewport", "kiosk_mode"}) {
    if (body.Has(field)) *request.mutable_browser() = spec.browser();
  }
  return request;
}

void Update(const CallPtr& call) {
  WithPool(call, [call](const Pool& pool) {
    absl::StatusOr<orchestrator::v1::UpdatePoolRequest> request = ReadUpdate(*call, pool);
    if (!request.ok()) return call->Fail(request.status());
    call->Rpc(call->backend().pools->async(), &Async::UpdatePool, *std::move(request), {},
              [call](const absl::StatusOr<Pool>& updated) {
                if (!updated.ok()) return call->Fail(updated.status());
                call->AnswerJson(PoolJson(*updated));
              });
  });
}

absl::StatusOr<orchestrator::v1::DeletePoolRequest> ReadDelete(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browserPools.delete");
  orchestrator::v1::DeletePoolRequest request;
  request.set_pool(call.Param("id_or_name"));
  request.set_force(body.Bool("force").value_or(false));
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Delete(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::DeletePoolRequest> request = ReadDelete(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().pools->async(), &Async::DeletePool, *std::move(request), {},
            [call](const absl::StatusOr<orchestrator::v1::DeletePoolResponse>& deleted) {
              // The API has no 409 for this call.
              AnswerEmpty(call, deleted.status(), {{absl::StatusCode::kFailedPrecondition, 400}});
            });
}

absl::StatusOr<orchestrator::v1::AcquireBrowserRequest> ReadAcquire(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browserPools.acquire");
  orchestrator::v1::AcquireBrowserRequest request;
  request.set_pool(call.Param("id_or_name"));
  if (const auto seconds = body.Integer("acquire_timeout_seconds", 0, kMaxAcquireSeconds)) {
    request.mutable_acquire_timeout()->set_seconds(*seconds);
  }
  for (const char* name : {"name", "tags", "start_url"}) body.NoEffectYet(name, nullptr);
  body.NoEffectYet("telemetry", {{"enabled", false}});
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Acquire(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::AcquireBrowserRequest> request = ReadAcquire(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().pools->async(), &Async::AcquireBrowser, *std::move(request),
            {.timeout = kAcquireTimeout, .patience = Exchange::Patience::kGiveUp},
            [call](const absl::StatusOr<Browser>& browser) {
              if (browser.ok()) return call->AnswerJson(BrowserJson(*browser, *call));
              if (browser.status().code() == absl::StatusCode::kDeadlineExceeded) {
                return call->AnswerEmpty(204);
              }
              call->Fail(browser.status());
            });
}

absl::StatusOr<orchestrator::v1::ReleaseBrowserRequest> ReadRelease(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browserPools.release");
  orchestrator::v1::ReleaseBrowserRequest request;
  request.set_pool(call.Param("id_or_name"));
  request.set_session_id(body.RequiredString("session_id"));
  request.set_reuse(body.Bool("reuse").value_or(true) ? orchestrator::v1::REUSE_KEEP
                                                      : orchestrator::v1::REUSE_DISCARD);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Release(const CallPtr& call) {
  absl::StatusOr<orchestrator::v1::ReleaseBrowserRequest> request = ReadRelease(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().pools->async(), &Async::ReleaseBrowser, *std::move(request), {},
            [call](const absl::StatusOr<orchestrator::v1::ReleaseBrowserResponse>& released) {
              AnswerEmpty(call, released.status(), {{absl::StatusCode::kFailedPrecondition, 400}});
            });
}

void Flush(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({}); !status.ok()) return call->Fail(status);
  orchestrator::v1::FlushPoolRequest request;
  request.set_pool(call->Param("id_or_name"));
  call->Rpc(call->backend().pools->async(), &Async::FlushPool, std::move(request), {},
            [call](const absl::StatusOr<Pool>& flushed) { AnswerEmpty(call, flushed.status()); });
}

// Which pools a list shows, and how far it has come.
struct Listing {
  CallPtr call;
  Page page;
  std::string name;
  std::string query;
  orchestrator::v1::ListPoolsRequest request;
};

void ListOn(const std::shared_ptr<Listing>& listing) {
  const CallPtr& call = listing->call;
  call->Rpc(call->backend().pools->async(), &Async::ListPools, listing->request, {},
            [listing](const absl::StatusOr<orchestrator::v1::ListPoolsResponse>& response) {
              if (!response.ok()) return listing->call->Fail(response.status());
              for (const Pool& pool : response->pools()) {
                const std::string& name = pool.spec().name();
                if (!listing->name.empty() && name != listing->name) continue;
                if (!absl::StrContains(name, listing->query) &&
                    !absl::StrContains(pool.pool_id(), listing->query)) {
                  continue;
                }
                if (listing->page.Wants()) listing->page.Add(PoolJson(pool));
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
  if (absl::Status status = call->CheckQuery({"limit", "offset", "name", "query"}); !status.ok()) {
    return call->Fail(status);
  }
  const absl::StatusOr<Page> page = ReadPage(*call);
  if (!page.ok()) return call->Fail(page.status());
  auto listing = std::make_shared<Listing>(
      Listing{.call = call, .page = *page, .name = {}, .query = {}, .request = {}});
  listing->name = call->request().target.Query("name").value_or("");
  listing->query = call->request().target.Query("query").value_or("");
  listing->request.set_page_size(kListPageSize);
  ListOn(listing);
}

}  // namespace

std::vector<Route> PoolRoutes() {
  return {
      {"POST", "/browser_pools", Create},
      {"GET", "/browser_pools", List},
      {"GET", "/browser_pools/{id_or_name}", Get},
      {"PATCH", "/browser_pools/{id_or_name}", Update},
      {"DELETE", "/browser_pools/{id_or_name}", Delete},
      {"POST", "/browser_pools/{id_or_name}/acquire", Acquire},
      {"POST", "/browser_pools/{id_or_name}/release", Release},
      {"POST", "/browser_pools/{id_or_name}/flush", Flush},
  };
}

}  // namespace orch::gateway

#include "orchestrator/server/pool_service.h"

#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/server/acquire_browser_call.h"
#include "orchestrator/server/page_token.h"
#include "orchestrator/server/pool_proto.h"
#include "orchestrator/server/response_stream.h"

namespace orch {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 500;

// The registry joins changes that follow fast; who is so many behind does not read.
constexpr size_t kMaxQueuedChanges = 256;

grpc::ServerUnaryReactor* Refuse(grpc::ServerUnaryReactor* reactor, const absl::Status& status) {
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// Answers a unary call with a pool.
PoolRegistry::PoolDone Answer(grpc::ServerUnaryReactor* reactor, orchestrator::v1::Pool* response) {
  return [reactor, response](const absl::StatusOr<PoolStatus>& pool) {
    if (pool.ok()) *response = ToProto(*pool);
    reactor->Finish(ToGrpcStatus(pool.status()));
  };
}

// Whether `pool` comes later in the order than `cursor`.
bool IsAfter(const Pool& pool, const PoolCursor& cursor) {
  return std::tie(cursor.created_at, pool.id) > std::tie(pool.created_at, cursor.id);
}

}  // namespace

grpc::ServerUnaryReactor* PoolService::CreatePool(
    grpc::CallbackServerContext* context, const orchestrator::v1::CreatePoolRequest* request,
    orchestrator::v1::Pool* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<PoolSpec> spec = FromProto(request->spec());
  if (!spec.ok()) return Refuse(reactor, spec.status());
  pools_.CreatePool(*std::move(spec), Answer(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* PoolService::GetPool(grpc::CallbackServerContext* context,
                                               const orchestrator::v1::GetPoolRequest* request,
                                               orchestrator::v1::Pool* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Answer(reactor, response)(pools_.GetPool(request->pool()));
  return reactor;
}

grpc::ServerUnaryReactor* PoolService::ListPools(grpc::CallbackServerContext* context,
                                                 const orchestrator::v1::ListPoolsRequest* request,
                                                 orchestrator::v1::ListPoolsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(List(*request, *response)));
  return reactor;
}

absl::Status PoolService::List(const orchestrator::v1::ListPoolsRequest& request,
                               orchestrator::v1::ListPoolsResponse& response) const {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", request.page_size(), "; it must be 0..", kMaxPageSize));
  }
  ORCH_ASSIGN_OR_RETURN(const std::optional<PoolCursor> after,
                        DecodePoolPageToken(request.page_token()));
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  std::optional<PoolCursor> last;
  for (const PoolStatus& status : pools_.ListPools()) {
    if (after.has_value() && !IsAfter(status.pool, *after)) continue;
    if (response.pools_size() == page_size) {
      response.set_next_page_token(EncodePageToken(*last));
      break;
    }
    *response.add_pools() = ToProto(status);
    last = PoolCursor{.created_at = status.pool.created_at, .id = status.pool.id};
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* PoolService::UpdatePool(
    grpc::CallbackServerContext* context, const orchestrator::v1::UpdatePoolRequest* request,
    orchestrator::v1::Pool* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<PoolChange> change = FromProto(*request);
  if (!change.ok()) return Refuse(reactor, change.status());
  pools_.UpdatePool(request->pool(), *std::move(change), Answer(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* PoolService::DeletePool(
    grpc::CallbackServerContext* context, const orchestrator::v1::DeletePoolRequest* request,
    orchestrator::v1::DeletePoolResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pools_.DeletePool(request->pool(), request->force(), [reactor](const absl::Status& status) {
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

grpc::ServerUnaryReactor* PoolService::FlushPool(grpc::CallbackServerContext* context,
                                                 const orchestrator::v1::FlushPoolRequest* request,
                                                 orchestrator::v1::Pool* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pools_.FlushPool(request->pool(), Answer(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* PoolService::AcquireBrowser(
    grpc::CallbackServerContext* /*context*/,
    const orchestrator::v1::AcquireBrowserRequest* request, orchestrator::v1::Browser* response) {
  return new AcquireBrowserCall(pools_, *request, *response);
}

grpc::ServerUnaryReactor* PoolService::ReleaseBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::ReleaseBrowserRequest* request,
    orchestrator::v1::ReleaseBrowserResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<SessionId> id = SessionId::Parse(request->session_id());
  if (!id.ok()) return Refuse(reactor, id.status());
  const absl::StatusOr<Reuse> reuse = FromProto(request->reuse());
  if (!reuse.ok()) return Refuse(reactor, reuse.status());
  pools_.Release(request->pool(), *id, *reuse,
                 [reactor](const absl::Status& status) { reactor->Finish(ToGrpcStatus(status)); });
  return reactor;
}

grpc::ServerWriteReactor<orchestrator::v1::WatchPoolResponse>* PoolService::WatchPool(
    grpc::CallbackServerContext* /*context*/, const orchestrator::v1::WatchPoolRequest* request) {
  using Response = orchestrator::v1::WatchPoolResponse;
  auto* call = new ResponseStream<Response>(kMaxQueuedChanges);
  absl::StatusOr<std::unique_ptr<PoolWatch>> watch =
      pools_.Watch(request->pool(), [feed = call->feed()](const std::optional<PoolStatus>& status) {
        if (!status.has_value()) return feed->Finish(absl::OkStatus());
        Response response;
        *response.mutable_pool() = ToProto(*status);
        feed->Push(std::move(response));
      });
  if (watch.ok()) {
    call->Hold(std::shared_ptr<PoolWatch>(*std::move(watch)));
  } else {
    call->feed()->Finish(watch.status());
  }
  return call;
}

}  // namespace orch

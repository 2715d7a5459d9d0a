#include "orchestrator/gateway/kernel/watch_routes.h"

#include <utility>

#include "absl/strings/match.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/file_fields.h"

namespace orch::gateway {
namespace {

using CallPtr = std::shared_ptr<Call>;

absl::StatusOr<guest::v1::WatchRequest> ReadStart(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  guest::v1::WatchRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.fs.watch.start");
  request.set_path(body.RequiredString("path"));
  request.set_recursive(body.Bool("recursive").value_or(false));
  ORCH_RETURN_IF_ERROR(body.Finish());
  ORCH_RETURN_IF_ERROR(CheckPath("path", request.path()));
  return request;
}

void Start(const CallPtr& call) {
  absl::StatusOr<guest::v1::WatchRequest> request = ReadStart(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->backend().watches.Start(*std::move(request), [call](const absl::StatusOr<std::string>& id) {
    if (!id.ok()) return call->Fail(id.status(), FileStatuses());
    call->AnswerJson({{"watch_id", *id}}, 201);
  });
}

void Events(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  const absl::Status status =
      call->backend().watches.Follow(*id, call->Param("watch_id"), call->shared_exchange());
  if (!status.ok()) call->Fail(status, FileStatuses());
}

void Stop(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  const absl::Status status = call->backend().watches.Stop(*id, call->Param("watch_id"));
  if (!status.ok()) return call->Fail(status);
  call->AnswerEmpty(204);
}

}  // namespace

std::vector<Route> WatchRoutes() {
  return {
      {"POST", "/browsers/{id}/fs/watch", Start},
      {"GET", "/browsers/{id}/fs/watch/{watch_id}/events", Events},
      {"DELETE", "/browsers/{id}/fs/watch/{watch_id}", Stop},
  };
}

}  // namespace orch::gateway

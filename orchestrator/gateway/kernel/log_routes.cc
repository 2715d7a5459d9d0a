#include "orchestrator/gateway/kernel/log_routes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/kernel/file_fields.h"
#include "orchestrator/gateway/kernel/page.h"
#include "orchestrator/gateway/routes/streamed_answer.h"

namespace orch::gateway {
namespace {

using ::guest::v1::LogLine;
using ::guest::v1::StreamLogRequest;
using ::guest::v1::StreamLogResponse;
using Async = guest::v1::LogService::StubInterface::async_interface;

absl::StatusOr<StreamLogRequest> ReadStream(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({"source", "follow", "path", "supervisor_process"}));
  StreamLogRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const bool follow, QueryBool(call, "follow", true));
  request.set_no_follow(!follow);
  const RequestTarget& target = call.request().target;
  const std::string source = target.Query("source").value_or("");
  const bool is_file = source == "path";
  if (!is_file && source != "supervisor") {
    return absl::InvalidArgumentError("source must be path or supervisor");
  }
  const std::string path = target.Query("path").value_or("");
  const std::string program = target.Query("supervisor_process").value_or("");
  if (is_file ? !program.empty() : (!path.empty() || program.empty())) {
    return absl::InvalidArgumentError(
        "source=path goes with path, and source=supervisor with supervisor_process");
  }
  if (is_file) {
    ORCH_RETURN_IF_ERROR(CheckPath("path", path));
    request.set_path(path);
  } else {
    request.set_program(program);
  }
  return request;
}

std::string EventsOf(const StreamLogResponse& response, const Clock& clock) {
  std::string events;
  // The API has no event for this; a comment is seen by people alone.
  if (response.missed_bytes() > 0) {
    absl::StrAppend(&events, ": ", response.missed_bytes(), " bytes were dropped\n\n");
  }
  for (const LogLine& line : response.lines()) {
    // The API wants a time of each line; files have none.
    const std::string time = line.has_time() ? TimeJson(line.time()) : TimeJson(clock.Now());
    absl::StrAppend(&events,
                    EventOf({{"event", "log"}, {"timestamp", time}, {"message", line.text()}}));
  }
  return events;
}

void Stream(const std::shared_ptr<Call>& call) {
  absl::StatusOr<StreamLogRequest> request = ReadStream(*call);
  if (!request.ok()) return call->Fail(request.status());
  AnswerWithStream<StreamLogResponse>(
      call, call->backend().logs->async(), &Async::Stream, *std::move(request),
      {.head = EventStreamHead(),
       .heartbeat = kEventHeartbeat,
       .piece = [&clock = call->backend().clock](
                    const StreamLogResponse& response) { return EventsOf(response, clock); },
       // The API has no 409 for this call.
       .overrides = {{absl::StatusCode::kFailedPrecondition, 400}}});
}

}  // namespace

std::vector<Route> LogRoutes() { return {{"GET", "/browsers/{id}/logs/stream", Stream}}; }

}  // namespace orch::gateway

#include "orchestrator/gateway/sandbox/follow_logs.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/gateway/routes/streamed_answer.h"
#include "orchestrator/gateway/sandbox/sandbox_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::OutputStream;
using ::guest::v1::StreamOutputResponse;
using Async = guest::v1::ProcessService::StubInterface::async_interface;

std::string LogEvent(const guest::v1::OutputChunk& chunk) {
  return absl::StrCat("event: log\nid: ", chunk.sequence(), "\n", EventOf(SandboxLogJson(chunk)));
}

// Streams what comes after `since`.
void Follow(const std::shared_ptr<Call>& call, const guest::v1::GetLogsRequest& request,
            uint64_t since) {
  guest::v1::StreamOutputRequest stream;
  stream.set_session_id(request.session_id());
  stream.set_process_id(request.process_id());
  stream.set_from_sequence(since + 1);
  HttpResponse head = EventStreamHead();
  AnswerWithStream<StreamOutputResponse>(
      call, call->backend().processes->async(), &Async::StreamOutput, std::move(stream),
      {.head = std::move(head),
       .heartbeat = kEventHeartbeat,
       .piece =
           [wanted = request.stream()](const StreamOutputResponse& response) {
             const bool is_wanted = wanted == guest::v1::OUTPUT_STREAM_UNSPECIFIED ||
                                    response.output().stream() == wanted;
             return response.has_output() && is_wanted ? LogEvent(response.output())
                                                       : std::string();
           },
       .overrides = {},
       .at_once = true});
}

}  // namespace

void FollowLogs(const std::shared_ptr<Call>& call, const guest::v1::GetLogsRequest& request) {
  if (!request.has_tail()) return Follow(call, request, request.since_sequence());
  // Where the tail begins is known to the guest alone. The tail of none begins after the last.
  guest::v1::GetLogsRequest ask = request;
  const bool none = request.tail() == 0;
  if (none) ask.set_tail(1);
  call->Rpc(call->backend().processes->async(), &Async::GetLogs, std::move(ask), {},
            [call, request, none](const absl::StatusOr<guest::v1::GetLogsResponse>& logs) {
              if (!logs.ok()) return FailSandbox(*call, logs.status());
              uint64_t since = request.since_sequence();
              if (logs->chunks_size() > 0) since = logs->chunks(0).sequence() - (none ? 0 : 1);
              Follow(call, request, since);
            });
}

}  // namespace orch::gateway

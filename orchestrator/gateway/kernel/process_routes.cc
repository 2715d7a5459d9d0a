#include "orchestrator/gateway/kernel/process_routes.h"

#include <memory>
#include <utility>

#include "orchestrator/gateway/kernel/output_stream.h"
#include "orchestrator/gateway/kernel/process_fields.h"
#include "orchestrator/gateway/routes/stdin_write.h"

namespace orch::gateway {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;
using Async = ProcessService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// Over the longest timeout that a process can have.
constexpr absl::Duration kExecTimeout = absl::Hours(25);

void Exec(const CallPtr& call) {
  absl::StatusOr<guest::v1::ExecRequest> request = ReadExec(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().processes->async(), &Async::Exec, *std::move(request),
            {.timeout = kExecTimeout, .patience = Exchange::Patience::kGiveUp},
            [call](const absl::StatusOr<guest::v1::ExecResponse>& response) {
              if (!response.ok()) return call->Fail(response.status());
              if (response->status() == guest::v1::PROCESS_STATUS_TIMED_OUT) {
                return call->Fail(absl::InternalError("process timed out"));
              }
              call->AnswerJson(ExecJson(*response));
            });
}

void Spawn(const CallPtr& call) {
  absl::StatusOr<guest::v1::SpawnRequest> request = ReadSpawn(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().processes->async(), &Async::Spawn, *std::move(request), {},
            [call](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return call->Fail(process.status());
              call->AnswerJson(SpawnJson(*process));
            });
}

// Calls `next` with the process that the path names.
template <typename Next>
void WithProcess(const CallPtr& call, Next next) {
  absl::StatusOr<guest::v1::GetRequest> request = ReadProcessId(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().processes->async(), &Async::Get, *std::move(request), {},
            [call, next = std::move(next)](const absl::StatusOr<Process>& process) mutable {
              if (!process.ok()) return call->Fail(process.status());
              next(*process);
            });
}

void Status(const CallPtr& call) {
  WithProcess(call, [call](const Process& process) { call->AnswerJson(StatusJson(process)); });
}

void Kill(const CallPtr& call) {
  absl::StatusOr<guest::v1::SignalRequest> request = ReadKill(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().processes->async(), &Async::Signal, *std::move(request), {},
            [call](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return call->Fail(process.status());
              call->AnswerJson({{"ok", true}});
            });
}

void Resize(const CallPtr& call) {
  absl::StatusOr<guest::v1::ResizePtyRequest> request = ReadResize(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().processes->async(), &Async::ResizePty, *std::move(request), {},
            [call](const absl::StatusOr<Process>& process) {
              // The API has no 409 for this call.
              if (!process.ok()) {
                return call->Fail(process.status(), {{absl::StatusCode::kFailedPrecondition, 400}});
              }
              call->AnswerJson({{"ok", true}});
            });
}

void Stdin(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  absl::StatusOr<std::string> bytes = ReadStdin(*call);
  if (!bytes.ok()) return call->Fail(bytes.status());
  WriteStdin(
      call,
      {.session_id = *id, .process_id = call->Param("process_id"), .bytes = *std::move(bytes)},
      [call](const absl::StatusOr<uint64_t>& written) {
        if (!written.ok()) return call->Fail(written.status());
        call->AnswerJson({{"written_bytes", *written}});
      });
}

// Asks for the process first: once an event stream has begun there is no other status to answer
// with.
void Stream(const CallPtr& call) {
  WithProcess(call, [call](const Process& process) {
    const absl::StatusOr<std::string> id = call->SessionId();
    StreamOutput(call, *id, process.process_id());
  });
}

}  // namespace

std::vector<Route> ProcessRoutes() {
  return {
      {"POST", "/browsers/{id}/process/exec", Exec},
      {"POST", "/browsers/{id}/process/spawn", Spawn},
      {"GET", "/browsers/{id}/process/{process_id}/status", Status},
      {"POST", "/browsers/{id}/process/{process_id}/kill", Kill},
      {"POST", "/browsers/{id}/process/{process_id}/resize", Resize},
      {"POST", "/browsers/{id}/process/{process_id}/stdin", Stdin},
      {"GET", "/browsers/{id}/process/{process_id}/stdout/stream", Stream},
  };
}

}  // namespace orch::gateway

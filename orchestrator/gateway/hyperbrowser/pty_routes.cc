#include "orchestrator/gateway/hyperbrowser/pty_routes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/hyperbrowser/process_fields.h"
#include "orchestrator/gateway/hyperbrowser/sandbox_route.h"
#include "orchestrator/gateway/kernel/page.h"
#include "orchestrator/gateway/terminal/terminal_session.h"

namespace orch::gateway {
namespace {

using ::guest::v1::OutputChunk;
using ::guest::v1::Process;
using ::guest::v1::ProcessService;
using ::nlohmann::json;
using Async = ProcessService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// A wait that names no time.
constexpr absl::Duration kLongestWait = absl::Hours(24);
constexpr uint32_t kDefaultRows = 24;
constexpr uint32_t kDefaultCols = 80;

json ChunkJson(const OutputChunk& chunk) {
  return {{"seq", chunk.sequence()},
          {"data", absl::Base64Escape(chunk.data())},
          {"timestamp", MillisecondsOf(chunk.time())}};
}

// What the API tells of a terminal. Its size is told to who sets it: the guest keeps it in the
// terminal alone.
json PtyJson(const Process& process) {
  const auto& args = process.spec().args();
  const bool running = process.status() == guest::v1::PROCESS_STATUS_RUNNING ||
                       process.status() == guest::v1::PROCESS_STATUS_QUEUED;
  json pty = {{"id", process.process_id()},
              {"command", process.spec().command()},
              {"args", std::vector<std::string>(args.begin(), args.end())},
              {"cwd", process.spec().cwd()},
              {"running", running},
              {"exitCode", process.has_exit_code() ? json(process.exit_code()) : json(nullptr)},
              {"timedOut", process.status() == guest::v1::PROCESS_STATUS_TIMED_OUT},
              {"startedAt", MillisecondsOf(process.created_at())}};
  if (process.pid() != 0) pty["pid"] = process.pid();
  if (!process.error().empty()) pty["error"] = process.error();
  if (process.has_finished_at()) pty["finishedAt"] = MillisecondsOf(process.finished_at());
  return pty;
}

// What is sent on a terminal's WebSocket.
TerminalSession::Dialect Dialect() {
  return {.greeting = nullptr,
          .output =
              [](const OutputChunk& chunk) {
                json frame = ChunkJson(chunk);
                frame["type"] = "output";
                return TerminalSession::Frame{.opcode = Opcode::kText, .payload = frame.dump()};
              },
          .exit =
              [](const Process& process) {
                return json({{"type", "exit"}, {"status", PtyJson(process)}});
              },
          // The SDK takes every frame that is no output for the last.
          .tells_errors = false};
}

void Answer(const CallPtr& call, json pty) { call->AnswerJson({{"pty", std::move(pty)}}); }

template <typename Request>
Request OfPty(const Call& call) {
  Request request;
  request.set_session_id(call.SessionId().value_or(""));
  request.set_process_id(call.Param("process_id"));
  return request;
}

// Calls `next` with the process that the path names, when it has a terminal.
void WithPty(const CallPtr& call, absl::AnyInvocable<void(const Process&)> next) {
  call->Rpc(call->backend().processes->async(), &Async::Get, OfPty<guest::v1::GetRequest>(*call),
            {}, [call, next = std::move(next)](const absl::StatusOr<Process>& process) mutable {
              if (!process.ok()) return call->Fail(process.status());
              if (!process->tty()) {
                return call->Fail(absl::NotFoundError(
                    absl::StrCat("process ", process->process_id(), " has no terminal")));
              }
              next(*process);
            });
}

// Answers with what `process` is, and with what is kept of its output where that is asked for.
void AnswerPty(const CallPtr& call, const Process& process, bool with_output) {
  if (!with_output) return Answer(call, PtyJson(process));
  call->Rpc(call->backend().processes->async(), &Async::GetLogs,
            OfPty<guest::v1::GetLogsRequest>(*call), {},
            [call, pty = PtyJson(process)](
                const absl::StatusOr<guest::v1::GetLogsResponse>& logs) mutable {
              if (!logs.ok()) return call->Fail(logs.status());
              pty["output"] = json::array();
              for (const OutputChunk& chunk : logs->chunks()) {
                pty["output"].push_back(ChunkJson(chunk));
              }
              Answer(call, std::move(pty));
            });
}

void ReadSize(JsonFields& body, uint32_t& rows, uint32_t& cols) {
  rows = static_cast<uint32_t>(body.Integer("rows", 1, UINT16_MAX).value_or(0));
  cols = static_cast<uint32_t>(body.Integer("cols", 1, UINT16_MAX).value_or(0));
}

absl::StatusOr<guest::v1::SpawnRequest> ReadCreate(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "pty.create");
  guest::v1::SpawnRequest request;
  request.set_session_id(call.SessionId().value_or(""));
  request.set_allocate_tty(true);
  guest::v1::ProcessSpec& spec = *request.mutable_spec();
  spec.set_command(body.RequiredString("command"));
  for (std::string& argument : body.Strings("args")) spec.add_args(std::move(argument));
  // A command that brings no arguments may be a line of them.
  spec.set_shell(body.Bool("useShell").value_or(spec.args().empty()));
  spec.set_cwd(body.String("cwd").value_or(""));
  for (auto& [name, value] : body.StringMap("env")) (*spec.mutable_env())[name] = std::move(value);
  spec.set_as_user(body.String("runAs").value_or(""));
  SetTimeout(ReadTimeout(body), spec);
  uint32_t rows = 0;
  uint32_t cols = 0;
  ReadSize(body, rows, cols);
  request.set_rows(rows == 0 ? kDefaultRows : rows);
  request.set_cols(cols == 0 ? kDefaultCols : cols);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Create(const CallPtr& call) {
  const absl::StatusOr<guest::v1::SpawnRequest> request = ReadCreate(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().processes->async(), &Async::Spawn, *request, {},
            [call, rows = request->rows(),
             cols = request->cols()](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return call->Fail(process.status());
              json pty = PtyJson(*process);
              pty["rows"] = rows;
              pty["cols"] = cols;
              Answer(call, std::move(pty));
            });
}

void Get(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"includeOutput"}); !status.ok()) {
    return call->Fail(status);
  }
  const absl::StatusOr<bool> with_output = QueryBool(*call, "includeOutput", false);
  if (!with_output.ok()) return call->Fail(with_output.status());
  WithPty(call, [call, with_output = *with_output](const Process& process) {
    AnswerPty(call, process, with_output);
  });
}

void Wait(const CallPtr& call) {
  const absl::StatusOr<json> object = call->Body();
  if (!object.ok()) return call->Fail(object.status());
  JsonFields body(*object, "pty.wait");
  const absl::Duration timeout = std::min(ReadTimeout(body), kLongestWait);
  const bool with_output = body.Bool("includeOutput").value_or(false);
  if (absl::Status status = body.Finish(); !status.ok()) return call->Fail(status);
  WithPty(call, [call, timeout, with_output](const Process& /*running*/) {
    call->Rpc(call->backend().processes->async(), &Async::Wait,
              OfPty<guest::v1::WaitRequest>(*call),
              {.timeout = timeout, .patience = Exchange::Patience::kGiveUp},
              [call, with_output](const absl::StatusOr<Process>& process) {
                if (process.ok()) return AnswerPty(call, *process, with_output);
                call->Fail(process.status(), {{absl::StatusCode::kDeadlineExceeded, 408}});
              });
  });
}

void Kill(const CallPtr& call) {
  const absl::StatusOr<json> object = call->Body();
  if (!object.ok()) return call->Fail(object.status());
  JsonFields body(*object, "pty.kill");
  auto request = OfPty<guest::v1::SignalRequest>(*call);
  request.set_signal(body.String("signal").value_or("KILL"));
  if (absl::Status status = body.Finish(); !status.ok()) return call->Fail(status);
  WithPty(call, [call, request = std::move(request)](const Process& /*running*/) {
    call->Rpc(call->backend().processes->async(), &Async::Signal, request, {},
              [call](const absl::StatusOr<Process>& process) {
                if (process.ok()) return Answer(call, PtyJson(*process));
                // It has ended: so it is as it was wanted.
                if (absl::IsFailedPrecondition(process.status())) {
                  return WithPty(call,
                                 [call](const Process& ended) { Answer(call, PtyJson(ended)); });
                }
                call->Fail(process.status());
              });
  });
}

void Resize(const CallPtr& call) {
  const absl::StatusOr<json> object = call->Body();
  if (!object.ok()) return call->Fail(object.status());
  JsonFields body(*object, "pty.resize");
  for (const char* side : {"rows", "cols"}) {
    if (!body.Has(side)) body.Refuse(side, absl::StatusCode::kInvalidArgument, "is required");
  }
  auto request = OfPty<guest::v1::ResizePtyRequest>(*call);
  uint32_t rows = 0;
  uint32_t cols = 0;
  ReadSize(body, rows, cols);
  request.set_rows(rows);
  request.set_cols(cols);
  if (absl::Status status = body.Finish(); !status.ok()) return call->Fail(status);
  call->Rpc(call->backend().processes->async(), &Async::ResizePty, std::move(request), {},
            [call, rows, cols](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return call->Fail(process.status());
              json pty = PtyJson(*process);
              pty["rows"] = rows;
              pty["cols"] = cols;
              Answer(call, std::move(pty));
            });
}

// Output after the chunk `cursor`, from the oldest that is kept when it is absent; and input.
void Attach(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"sessionId", "cursor", "token"}); !status.ok()) {
    return call->Fail(status);
  }
  uint64_t cursor = 0;
  if (!absl::SimpleAtoi(call->request().target.Query("cursor").value_or("0"), &cursor)) {
    return call->Fail(absl::InvalidArgumentError("cursor must be a whole number"));
  }
  WithPty(call, [call, cursor](const Process& process) {
    TerminalSession::Begin(call, process.process_id(), cursor, Dialect());
  });
}

}  // namespace

std::vector<Route> HyperbrowserPtyRoutes() {
  return InSandbox({
      {"POST", "/pty", Create},
      {"GET", "/pty/{process_id}", Get},
      {"POST", "/pty/{process_id}/wait", Wait},
      {"POST", "/pty/{process_id}/kill", Kill},
      {"POST", "/pty/{process_id}/resize", Resize},
      {"GET", "/pty/{process_id}/ws", Attach},
  });
}

}  // namespace orch::gateway

#include "orchestrator/gateway/hyperbrowser/process_routes.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/hyperbrowser/process_fields.h"
#include "orchestrator/gateway/hyperbrowser/sandbox_route.h"
#include "orchestrator/gateway/routes/daemon_stream.h"
#include "orchestrator/gateway/routes/streamed_answer.h"

namespace orch::gateway {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;
using ::nlohmann::json;
using Async = ProcessService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// Of each stream; see ExecRequest.max_output_bytes.
constexpr uint64_t kMaxOutputBytes = 8 << 20;
// A wait that names no time.
constexpr absl::Duration kLongestWait = absl::Hours(24);

void Exec(const CallPtr& call) {
  absl::StatusOr<guest::v1::ProcessSpec> spec = ReadShellLine(*call, "exec");
  if (!spec.ok()) return call->Fail(spec.status());
  guest::v1::ExecRequest request;
  request.set_session_id(call->SessionId().value_or(""));
  request.set_max_output_bytes(kMaxOutputBytes);
  *request.mutable_spec() = *std::move(spec);
  call->Rpc(call->backend().processes->async(), &Async::Exec, std::move(request),
            {.timeout = kLongestWait, .patience = Exchange::Patience::kGiveUp},
            [call](const absl::StatusOr<guest::v1::ExecResponse>& response) {
              if (!response.ok()) return call->Fail(response.status());
              call->AnswerJson({{"result", ExecResultJson(*response, call->request().id,
                                                          call->backend().clock.Now())}});
            });
}

void AnswerProcess(const CallPtr& call, const absl::StatusOr<Process>& process) {
  if (!process.ok()) return call->Fail(process.status());
  call->AnswerJson({{"process", SummaryJson(*process)}});
}

void Start(const CallPtr& call) {
  absl::StatusOr<guest::v1::ProcessSpec> spec = ReadShellLine(*call, "processes.start");
  if (!spec.ok()) return call->Fail(spec.status());
  guest::v1::SpawnRequest request;
  request.set_session_id(call->SessionId().value_or(""));
  request.set_open_stdin(true);
  *request.mutable_spec() = *std::move(spec);
  call->Rpc(call->backend().processes->async(), &Async::Spawn, std::move(request), {},
            [call](const absl::StatusOr<Process>& process) { AnswerProcess(call, process); });
}

// A time in milliseconds; `fallback` when the query does not have it.
absl::StatusOr<int64_t> QueryTime(const Call& call, const char* name, int64_t fallback) {
  int64_t value = fallback;
  const auto text = call.request().target.Query(name);
  if (text.has_value() && !absl::SimpleAtoi(*text, &value)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " must be a time in milliseconds"));
  }
  return value;
}

// Which processes of a page are listed.
struct Filter {
  guest::v1::ListRequest request;
  int64_t created_after = 0;
  int64_t created_before = 0;
};

absl::StatusOr<Filter> ReadFilter(const Call& call) {
  ORCH_RETURN_IF_ERROR(
      call.CheckQuery({"status", "limit", "cursor", "created_after", "created_before"}));
  Filter filter;
  filter.request.set_session_id(call.SessionId().value_or(""));
  const auto& query = call.request().target;
  if (const auto statuses = query.Query("status"); statuses.has_value() && !statuses->empty()) {
    for (const std::string& name : std::vector<std::string>(absl::StrSplit(*statuses, ','))) {
      ORCH_ASSIGN_OR_RETURN(const guest::v1::ProcessStatus status, ParseStatus(name));
      filter.request.add_statuses(status);
    }
  }
  if (const auto limit = query.Query("limit")) {
    int32_t size = 0;
    if (!absl::SimpleAtoi(*limit, &size) || size < 1 || size > 1000) {
      return absl::InvalidArgumentError("limit must be a whole number, 1..1000");
    }
    filter.request.set_page_size(size);
  }
  filter.request.set_page_token(query.Query("cursor").value_or(""));
  ORCH_ASSIGN_OR_RETURN(filter.created_after, QueryTime(call, "created_after", INT64_MIN));
  ORCH_ASSIGN_OR_RETURN(filter.created_before, QueryTime(call, "created_before", INT64_MAX));
  return filter;
}

void List(const CallPtr& call) {
  const absl::StatusOr<Filter> filter = ReadFilter(*call);
  if (!filter.ok()) return call->Fail(filter.status());
  call->Rpc(call->backend().processes->async(), &Async::List, filter->request, {},
            [call, filter = *filter](const absl::StatusOr<guest::v1::ListResponse>& page) {
              if (!page.ok()) return call->Fail(page.status());
              json answer = {{"data", json::array()}};
              for (const Process& process : page->processes()) {
                json summary = SummaryJson(process);
                const int64_t started = summary["started_at"];
                if (started < filter.created_after || started > filter.created_before) continue;
                answer["data"].push_back(std::move(summary));
              }
              if (!page->next_page_token().empty()) {
                answer["next_cursor"] = page->next_page_token();
              }
              call->AnswerJson(answer);
            });
}

template <typename Request>
Request OfProcess(const Call& call) {
  Request request;
  request.set_session_id(call.SessionId().value_or(""));
  request.set_process_id(call.Param("process_id"));
  return request;
}

void Get(const CallPtr& call) {
  call->Rpc(call->backend().processes->async(), &Async::Get,
            OfProcess<guest::v1::GetRequest>(*call), {},
            [call](const absl::StatusOr<Process>& process) { AnswerProcess(call, process); });
}

// What is kept of the output of a process, as far as it has been read.
struct Output {
  std::string out;
  std::string err;
  std::optional<Process> exited;

  void Add(const guest::v1::StreamOutputResponse& response) {
    if (response.has_output()) {
      const bool is_err = response.output().stream() == guest::v1::OUTPUT_STREAM_STDERR;
      std::string& text = is_err ? err : out;
      const size_t room = kMaxOutputBytes - std::min<size_t>(text.size(), kMaxOutputBytes);
      text.append(response.output().data(), 0, room);
    }
    if (response.has_exited()) exited = response.exited();
  }
};

// Reads output until the process has ended: what StreamOutput sends last.
void Wait(const CallPtr& call) {
  const absl::StatusOr<json> object = call->Body();
  if (!object.ok()) return call->Fail(object.status());
  JsonFields body(*object, "wait");
  const absl::Duration timeout = std::min(ReadTimeout(body), kLongestWait);
  if (absl::Status status = body.Finish(); !status.ok()) return call->Fail(status);
  call->Rpc(call->backend().processes->async(), &Async::Wait,
            OfProcess<guest::v1::WaitRequest>(*call),
            {.timeout = timeout, .patience = Exchange::Patience::kGiveUp},
            [call](const absl::StatusOr<Process>& process) {
              if (!process.ok()) {
                return call->Fail(process.status(), {{absl::StatusCode::kDeadlineExceeded, 408}});
              }
              auto output = std::make_shared<Output>();
              ReadDaemonStream<guest::v1::StreamOutputResponse>(
                  call->backend().processes->async(), &Async::StreamOutput,
                  OfProcess<guest::v1::StreamOutputRequest>(*call),
                  [output](const guest::v1::StreamOutputResponse& response,
                           absl::AnyInvocable<void(bool)> next) {
                    output->Add(response);
                    next(true);
                  },
                  [call, output, process = *process](const absl::Status& end) {
                    if (!end.ok()) return call->Fail(end);
                    call->AnswerJson({{"result", ResultJson(process, output->out, output->err)}});
                  });
            });
}

void SendSignal(const CallPtr& call, const std::string& signal) {
  auto request = OfProcess<guest::v1::SignalRequest>(*call);
  request.set_signal(signal);
  call->Rpc(call->backend().processes->async(), &Async::Signal, std::move(request), {},
            [call](const absl::StatusOr<Process>& process) {
              // It has ended: so it is as it was wanted.
              if (absl::IsFailedPrecondition(process.status())) return Get(call);
              AnswerProcess(call, process);
            });
}

void Signal(const CallPtr& call) {
  const absl::StatusOr<json> object = call->Body();
  if (!object.ok()) return call->Fail(object.status());
  JsonFields body(*object, "signal");
  const std::string signal = body.RequiredString("signal");
  if (absl::Status status = body.Finish(); !status.ok()) return call->Fail(status);
  SendSignal(call, signal);
}

void Kill(const CallPtr& call) { SendSignal(call, "KILL"); }

void Stdin(const CallPtr& call) {
  absl::StatusOr<StdinBytes> input = ReadStdinBytes(*call);
  if (!input.ok()) return call->Fail(input.status());
  WriteStdin(call, *std::move(input), [call](const absl::StatusOr<uint64_t>& written) {
    if (!written.ok()) return call->Fail(written.status());
    call->AnswerJson({{"bytes_written", *written}});
  });
}

std::string StreamEvent(const guest::v1::StreamOutputResponse& response, Output& output) {
  output.Add(response);
  if (response.has_output()) {
    return absl::StrCat("event: output\n", EventOf(OutputJson(response.output())));
  }
  if (!response.has_exited()) return "";
  return absl::StrCat("event: done\n",
                      EventOf(ResultJson(response.exited(), output.out, output.err)));
}

void StreamEvents(const CallPtr& call, guest::v1::StreamOutputRequest request) {
  AnswerWithStream<guest::v1::StreamOutputResponse>(
      call, call->backend().processes->async(), &Async::StreamOutput, std::move(request),
      {.head = EventStreamHead(),
       .heartbeat = kEventHeartbeat,
       .piece =
           [output = std::make_shared<Output>()](const guest::v1::StreamOutputResponse& response) {
             return StreamEvent(response, *output);
           },
       .overrides = {},
       .at_once = true});
}

void Stream(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"from_seq"}); !status.ok()) {
    return call->Fail(status);
  }
  auto request = OfProcess<guest::v1::StreamOutputRequest>(*call);
  const std::string from = call->request().target.Query("from_seq").value_or("0");
  uint64_t sequence = 0;
  if (!absl::SimpleAtoi(from, &sequence)) {
    return call->Fail(absl::InvalidArgumentError("from_seq must be a whole number"));
  }
  request.set_from_sequence(sequence);
  call->Rpc(call->backend().processes->async(), &Async::Get,
            OfProcess<guest::v1::GetRequest>(*call), {},
            [call, request](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return call->Fail(process.status());
              StreamEvents(call, request);
            });
}

}  // namespace

std::vector<Route> HyperbrowserProcessRoutes() {
  return InSandbox({
      {"POST", "/exec", Exec},
      {"POST", "/processes", Start},
      {"GET", "/processes", List},
      {"GET", "/processes/{process_id}", Get},
      {"DELETE", "/processes/{process_id}", Kill},
      {"POST", "/processes/{process_id}/wait", Wait},
      {"POST", "/processes/{process_id}/signal", Signal},
      {"POST", "/processes/{process_id}/stdin", Stdin},
      {"GET", "/processes/{process_id}/stream", Stream},
  });
}

}  // namespace orch::gateway

#include "orchestrator/gateway/sandbox/sandbox_routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/routes/stdin_write.h"
#include "orchestrator/gateway/sandbox/follow_logs.h"
#include "orchestrator/gateway/sandbox/sandbox_fields.h"
#include "orchestrator/gateway/terminal/terminal_session.h"

namespace orch::gateway {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;
using ::nlohmann::json;
using Async = ProcessService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

constexpr absl::Duration kDefaultStopWait = absl::Seconds(2);
constexpr uint64_t kMaxStopWaitMs = 600'000;

void Health(const CallPtr& call) { call->AnswerJson({{"status", "ok"}}); }

// What could not be started is not the request's fault alone: 502, unless the browser is missing.
void FailStart(const CallPtr& call, const absl::Status& status) {
  if (!absl::IsNotFound(status) && !absl::IsInvalidArgument(status)) {
    return FailSandbox(*call, status, {{absl::StatusCode::kResourceExhausted, 409}});
  }
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(call->SessionId().value_or(""));
  call->Rpc(call->backend().browsers->async(),
            &orchestrator::v1::BrowserService::StubInterface::async_interface::GetBrowser,
            std::move(request), {},
            [call, status](const absl::StatusOr<orchestrator::v1::Browser>& browser) {
              if (!browser.ok()) return FailSandbox(*call, browser.status());
              FailSandbox(
                  *call, status,
                  {{absl::StatusCode::kNotFound, 502}, {absl::StatusCode::kInvalidArgument, 502}});
            });
}

void Run(const CallPtr& call) {
  absl::StatusOr<guest::v1::ExecRequest> request = ReadSandboxRun(*call);
  if (!request.ok()) return FailSandbox(*call, request.status());
  call->Rpc(call->backend().processes->async(), &Async::Exec, *std::move(request),
            {.timeout = absl::Minutes(10), .patience = Exchange::Patience::kGiveUp},
            [call](const absl::StatusOr<guest::v1::ExecResponse>& response) {
              if (!response.ok()) return FailStart(call, response.status());
              call->AnswerJson(SandboxRunJson(*response));
            });
}

void Create(const CallPtr& call) {
  absl::StatusOr<guest::v1::SpawnRequest> request = ReadSandboxCreate(*call);
  if (!request.ok()) return FailSandbox(*call, request.status());
  call->Rpc(call->backend().processes->async(), &Async::Spawn, *std::move(request), {},
            [call](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return FailStart(call, process.status());
              call->AnswerJson(SandboxProcessJson(*process));
            });
}

// The processes of a browser, as far as they have been listed.
struct Listing {
  guest::v1::ListRequest request;
  std::vector<json> processes;
};

void ListOn(const CallPtr& call, const std::shared_ptr<Listing>& listing) {
  call->Rpc(call->backend().processes->async(), &Async::List, listing->request, {},
            [call, listing](const absl::StatusOr<guest::v1::ListResponse>& page) {
              if (!page.ok()) return FailSandbox(*call, page.status());
              for (const Process& process : page->processes()) {
                listing->processes.push_back(SandboxProcessJson(process));
              }
              if (!page->next_page_token().empty()) {
                listing->request.set_page_token(page->next_page_token());
                return ListOn(call, listing);
              }
              std::sort(listing->processes.begin(), listing->processes.end(),
                        [](const json& a, const json& b) { return a["id"] < b["id"]; });
              call->AnswerJson({{"processes", listing->processes}});
            });
}

void List(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"owner"}); !status.ok()) {
    return FailSandbox(*call, status);
  }
  const std::string owner = call->request().target.Query("owner").value_or("user");
  if (owner == "desktop" || owner == "system") {
    return call->AnswerJson({{"processes", json::array()}});
  }
  if (owner != "user") {
    return FailSandbox(*call, absl::InvalidArgumentError("owner must be user, desktop or system"));
  }
  auto listing = std::make_shared<Listing>();
  listing->request.set_session_id(call->SessionId().value_or(""));
  listing->request.set_page_size(1000);
  ListOn(call, listing);
}

// A request that names the browser and the process of the path.
template <typename Request>
Request OfProcess(const Call& call) {
  Request request;
  request.set_session_id(call.SessionId().value_or(""));
  request.set_process_id(call.Param("process_id"));
  return request;
}

// Calls `next` with the process that the path names.
template <typename Next>
void WithProcess(const CallPtr& call, Next next) {
  call->Rpc(call->backend().processes->async(), &Async::Get,
            OfProcess<guest::v1::GetRequest>(*call), {},
            [call, next = std::move(next)](const absl::StatusOr<Process>& process) mutable {
              if (!process.ok()) return FailSandbox(*call, process.status());
              next(*process);
            });
}

void Get(const CallPtr& call) {
  WithProcess(call,
              [call](const Process& process) { call->AnswerJson(SandboxProcessJson(process)); });
}

void Delete(const CallPtr& call) {
  call->Rpc(call->backend().processes->async(), &Async::Delete,
            OfProcess<guest::v1::DeleteRequest>(*call), {},
            [call](const absl::StatusOr<guest::v1::DeleteResponse>& response) {
              if (!response.ok()) return FailSandbox(*call, response.status());
              call->AnswerEmpty(204);
            });
}

absl::StatusOr<absl::Duration> StopWait(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({"waitMs"}));
  const std::optional<std::string> text = call.request().target.Query("waitMs");
  if (!text.has_value()) return kDefaultStopWait;
  uint64_t milliseconds = 0;
  if (!absl::SimpleAtoi(*text, &milliseconds) || milliseconds > kMaxStopWaitMs) {
    return absl::InvalidArgumentError("waitMs must be a whole number, 0..600000");
  }
  return absl::Milliseconds(milliseconds);
}

// Sends `signal` and waits a while for the end. What has ended already is as good.
Handler End(const char* signal) {
  return [signal](const CallPtr& call) {
    const absl::StatusOr<absl::Duration> wait = StopWait(*call);
    if (!wait.ok()) return FailSandbox(*call, wait.status());
    auto request = OfProcess<guest::v1::SignalRequest>(*call);
    request.set_signal(signal);
    call->Rpc(call->backend().processes->async(), &Async::Signal, std::move(request), {},
              [call, wait = *wait](const absl::StatusOr<Process>& process) {
                if (absl::IsFailedPrecondition(process.status()) ||
                    (process.ok() && wait == absl::ZeroDuration())) {
                  return Get(call);
                }
                if (!process.ok()) return FailSandbox(*call, process.status());
                call->Rpc(call->backend().processes->async(), &Async::Wait,
                          OfProcess<guest::v1::WaitRequest>(*call), {.timeout = wait},
                          [call](const absl::StatusOr<Process>& ended) {
                            if (!ended.ok()) return Get(call);
                            call->AnswerJson(SandboxProcessJson(*ended));
                          });
              });
  };
}

// The output of a process, as far as it has been read.
struct Output {
  guest::v1::GetLogsRequest request;
  json entries = json::array();
};

void ReadLogsOn(const CallPtr& call, const std::shared_ptr<Output>& output) {
  call->Rpc(
      call->backend().processes->async(), &Async::GetLogs, output->request, {},
      [call, output](const absl::StatusOr<guest::v1::GetLogsResponse>& logs) {
        if (!logs.ok()) return FailSandbox(*call, logs.status());
        for (const auto& chunk : logs->chunks()) {
          output->entries.push_back(SandboxLogJson(chunk));
        }
        if (logs->more() && logs->chunks_size() > 0) {
          output->request.clear_tail();
          output->request.set_since_sequence(logs->chunks(logs->chunks_size() - 1).sequence());
          return ReadLogsOn(call, output);
        }
        call->AnswerJson({{"processId", output->request.process_id()},
                          {"stream", call->request().target.Query("stream").value_or("combined")},
                          {"entries", std::move(output->entries)}});
      });
}

void Logs(const CallPtr& call) {
  absl::StatusOr<guest::v1::GetLogsRequest> request = ReadSandboxLogs(*call);
  if (!request.ok()) return FailSandbox(*call, request.status());
  if (call->request().target.Query("follow") == "true") {
    return WithProcess(call, [call, request = *std::move(request)](const Process& /*process*/) {
      FollowLogs(call, request);
    });
  }
  auto output = std::make_shared<Output>();
  output->request = *std::move(request);
  ReadLogsOn(call, std::move(output));
}

void Input(const CallPtr& call) {
  const absl::StatusOr<json> body = call->Body();
  if (!body.ok()) return FailSandbox(*call, body.status());
  absl::StatusOr<std::string> bytes = SandboxInput(*body, "base64", /*has_type=*/false);
  if (!bytes.ok()) {
    return FailSandbox(*call, bytes.status(), {{absl::StatusCode::kOutOfRange, 413}});
  }
  WriteStdin(call,
             {.session_id = call->SessionId().value_or(""),
              .process_id = call->Param("process_id"),
              .bytes = *std::move(bytes)},
             [call](const absl::StatusOr<uint64_t>& written) {
               if (!written.ok()) return FailSandbox(*call, written.status());
               call->AnswerJson({{"bytesWritten", *written}});
             });
}

void Resize(const CallPtr& call) {
  absl::StatusOr<guest::v1::ResizePtyRequest> request = ReadSandboxResize(*call);
  if (!request.ok()) return FailSandbox(*call, request.status());
  const json size = {{"cols", request->cols()}, {"rows", request->rows()}};
  call->Rpc(call->backend().processes->async(), &Async::ResizePty, *std::move(request), {},
            [call, size](const absl::StatusOr<Process>& process) {
              if (!process.ok()) return FailSandbox(*call, process.status());
              call->AnswerJson(size);
            });
}

void Terminal(const CallPtr& call) {
  WithProcess(call, [call](const Process& process) {
    if (!process.tty()) {
      return FailSandbox(*call, absl::FailedPreconditionError("the process has no terminal"));
    }
    TerminalSession::Start(call, process);
  });
}

void AnswerConfig(const CallPtr& call, const absl::StatusOr<guest::v1::ProcessConfig>& config) {
  if (!config.ok()) return FailSandbox(*call, config.status());
  call->AnswerJson(SandboxConfigJson(*config));
}

void GetConfig(const CallPtr& call) {
  guest::v1::GetConfigRequest request;
  request.set_session_id(call->SessionId().value_or(""));
  call->Rpc(call->backend().processes->async(), &Async::GetConfig, std::move(request), {},
            [call](const absl::StatusOr<guest::v1::ProcessConfig>& config) {
              AnswerConfig(call, config);
            });
}

void SetConfig(const CallPtr& call) {
  absl::StatusOr<guest::v1::SetConfigRequest> request = ReadSandboxConfig(*call);
  if (!request.ok()) return FailSandbox(*call, request.status());
  call->Rpc(call->backend().processes->async(), &Async::SetConfig, *std::move(request), {},
            [call](const absl::StatusOr<guest::v1::ProcessConfig>& config) {
              AnswerConfig(call, config);
            });
}

// `handler`, for a path that names a browser.
Handler InBrowser(Handler handler) {
  return [handler = std::move(handler)](const CallPtr& call) {
    const absl::StatusOr<std::string> id = call->SessionId();
    if (!id.ok()) return FailSandbox(*call, id.status());
    handler(call);
  };
}

}  // namespace

std::vector<Route> SandboxRoutes() {
  std::vector<Route> routes = {
      {"GET", "/health", Health},
      {"POST", "/processes/run", Run},
      {"POST", "/processes", Create},
      {"GET", "/processes", List},
      {"GET", "/processes/config", GetConfig},
      {"POST", "/processes/config", SetConfig},
      {"GET", "/processes/{process_id}", Get},
      {"DELETE", "/processes/{process_id}", Delete},
      {"POST", "/processes/{process_id}/stop", End("TERM")},
      {"POST", "/processes/{process_id}/kill", End("KILL")},
      {"GET", "/processes/{process_id}/logs", Logs},
      {"POST", "/processes/{process_id}/input", Input},
      {"POST", "/processes/{process_id}/terminal/resize", Resize},
      {"GET", "/processes/{process_id}/terminal/ws", Terminal, Access::kKeyInUrl},
  };
  for (Route& route : routes) {
    route.path = absl::StrCat("/browsers/{id}/sandbox-agent/v1", route.path);
    route.handler = InBrowser(std::move(route.handler));
  }
  return routes;
}

}  // namespace orch::gateway

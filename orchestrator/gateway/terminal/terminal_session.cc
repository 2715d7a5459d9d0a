#include "orchestrator/gateway/terminal/terminal_session.h"

#include <utility>

#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/routes/stdin_write.h"
#include "orchestrator/gateway/sandbox/sandbox_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::Process;
using ::nlohmann::json;
using Async = guest::v1::ProcessService::StubInterface::async_interface;

// See RFC 6455 section 7.4.1.
constexpr uint16_t kNormal = 1000;
constexpr uint16_t kInternalError = 1011;

TerminalSession::Dialect SandboxAgent(const std::string& process_id) {
  return {.greeting = {{"type", "ready"}, {"processId", process_id}},
          .output =
              [](const guest::v1::OutputChunk& chunk) {
                return TerminalSession::Frame{.opcode = Opcode::kBinary, .payload = chunk.data()};
              },
          .exit =
              [](const Process& process) {
                return json({{"type", "exit"},
                             {"exitCode", process.has_exit_code() ? json(process.exit_code())
                                                                  : json(nullptr)}});
              }};
}

}  // namespace

void TerminalSession::Start(const std::shared_ptr<Call>& call, const Process& process) {
  // What was written so far is not sent again: output goes on after the last of it.
  guest::v1::GetLogsRequest last;
  last.set_session_id(call->SessionId().value_or(""));
  last.set_process_id(process.process_id());
  last.set_tail(1);
  call->Rpc(
      call->backend().processes->async(), &Async::GetLogs, std::move(last), {},
      [call, id = process.process_id()](const absl::StatusOr<guest::v1::GetLogsResponse>& logs) {
        if (!logs.ok()) return FailSandbox(*call, logs.status());
        Begin(call, id, logs->chunks_size() > 0 ? logs->chunks(0).sequence() : 0, SandboxAgent(id));
      });
}

void TerminalSession::Begin(const std::shared_ptr<Call>& call, const std::string& process_id,
                            uint64_t last, Dialect dialect) {
  std::shared_ptr<WebSocket> socket = WebSocket::Accept(call->exchange());
  if (socket == nullptr) return;
  const json greeting = dialect.greeting;
  const auto session = std::make_shared<TerminalSession>(
      call, std::move(socket), call->SessionId().value_or(""), process_id, std::move(dialect));
  if (!greeting.is_null()) session->SendJson(greeting, [](bool /*sent*/) {});
  session->StreamOutput(last);
  session->ReadInput();
}

TerminalSession::TerminalSession(std::shared_ptr<Call> call, std::shared_ptr<WebSocket> socket,
                                 std::string session_id, std::string process_id, Dialect dialect)
    : call_(std::move(call)),
      socket_(std::move(socket)),
      session_id_(std::move(session_id)),
      process_id_(std::move(process_id)),
      dialect_(std::move(dialect)) {}

void TerminalSession::StreamOutput(uint64_t last) {
  guest::v1::StreamOutputRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_from_sequence(last + 1);
  output_ = ReadDaemonStream<guest::v1::StreamOutputResponse>(
      call_->backend().processes->async(), &Async::StreamOutput, std::move(request),
      [self = shared_from_this()](const guest::v1::StreamOutputResponse& response,
                                  absl::AnyInvocable<void(bool)> next) {
        self->OnOutput(response, std::move(next));
      },
      [self = shared_from_this()](const absl::Status& end) {
        self->socket_->Close(end.ok() ? kNormal : kInternalError, "");
      });
}

void TerminalSession::OnOutput(const guest::v1::StreamOutputResponse& response,
                               absl::AnyInvocable<void(bool)> next) {
  if (response.has_output()) {
    const Frame frame = dialect_.output(response.output());
    return socket_->Send(frame.opcode, frame.payload, std::move(next));
  }
  if (!response.has_exited()) return next(true);
  SendJson(dialect_.exit(response.exited()), std::move(next));
}

void TerminalSession::ReadInput() {
  socket_->Read([self = shared_from_this()](const absl::StatusOr<WebSocketMessage>& message) {
    if (!message.ok()) return self->output_->Cancel();
    self->OnInput(*message);
  });
}

void TerminalSession::OnInput(const WebSocketMessage& message) {
  if (message.opcode != Opcode::kText) {
    return Refuse(
        absl::InvalidArgumentError("binary input is not supported; use text JSON frames"));
  }
  const absl::StatusOr<json> parsed = ParseJsonObject(message.payload);
  if (!parsed.ok()) return Refuse(parsed.status());
  const auto found = parsed->find("type");
  const std::string type =
      found != parsed->end() && found->is_string() ? found->get<std::string>() : "";
  if (type == "close") {
    socket_->Close(kNormal, "");
    return output_->Cancel();
  }
  if (type == "resize") return Resize(*parsed);
  if (type != "input") {
    return Refuse(absl::InvalidArgumentError("type must be input, resize or close"));
  }
  absl::StatusOr<std::string> bytes = SandboxInput(*parsed, "utf8", /*has_type=*/true);
  if (!bytes.ok()) return Refuse(bytes.status());
  Type(*std::move(bytes));
}

void TerminalSession::Type(std::string bytes) {
  WriteStdin(call_,
             {.session_id = session_id_, .process_id = process_id_, .bytes = std::move(bytes)},
             [self = shared_from_this()](const absl::StatusOr<uint64_t>& written) {
               if (!written.ok()) return self->Refuse(written.status());
               self->ReadInput();
             });
}

void TerminalSession::Resize(const json& size) {
  JsonFields fields(size, "resize");
  fields.String("type");
  guest::v1::ResizePtyRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_cols(static_cast<uint32_t>(fields.Integer("cols", 1, UINT16_MAX).value_or(0)));
  request.set_rows(static_cast<uint32_t>(fields.Integer("rows", 1, UINT16_MAX).value_or(0)));
  if (absl::Status status = fields.Finish(); !status.ok()) return Refuse(status);
  call_->Rpc(call_->backend().processes->async(), &Async::ResizePty, std::move(request), {},
             [self = shared_from_this()](const absl::StatusOr<Process>& process) {
               if (!process.ok()) return self->Refuse(process.status());
               self->ReadInput();
             });
}

void TerminalSession::Refuse(const absl::Status& status) {
  if (!dialect_.tells_errors) return ReadInput();
  SendJson({{"type", "error"}, {"message", std::string(status.message())}},
           [self = shared_from_this()](bool /*sent*/) { self->ReadInput(); });
}

void TerminalSession::SendJson(const json& json, absl::AnyInvocable<void(bool)> done) {
  socket_->Send(Opcode::kText, json.dump(-1, ' ', false, json::error_handler_t::replace),
                std::move(done));
}

}  // namespace orch::gateway

#include "orchestrator/agent/process/process_service.h"

#include <memory>
#include <utility>

#include "orchestrator/agent/process/attach_call.h"
#include "orchestrator/agent/process/detached_exec_call.h"
#include "orchestrator/agent/process/exec_call.h"
#include "orchestrator/agent/process/get_logs.h"
#include "orchestrator/agent/process/process_config_fields.h"
#include "orchestrator/agent/process/signal_call.h"
#include "orchestrator/agent/process/stream_output_call.h"
#include "orchestrator/agent/process/terminal_fields.h"
#include "orchestrator/agent/process/wait_call.h"
#include "orchestrator/agent/process/write_stdin_call.h"
#include "orchestrator/agent/rpc/finish_on_loop.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

using guest::v1::Process;

absl::Status SpawnOnLoop(const ProcessServiceContext& context,
                         const guest::v1::SpawnRequest& request, Process& response) {
  if (!guest::v1::OutputOverflow_IsValid(request.output_overflow())) {
    return absl::InvalidArgumentError("output_overflow must be DROP_OLDEST or BLOCK");
  }
  ORCH_ASSIGN_OR_RETURN(ResolvedProcess resolved,
                        ResolveProcessSpec(request.spec(), context.users, context.defaults,
                                           {.when_absent = absl::InfiniteDuration(),
                                            .max = context.table.config().max_timeout}));
  ORCH_ASSIGN_OR_RETURN(std::shared_ptr<SpawnedProcess> process,
                        context.table.Spawn(request, std::move(resolved)));
  response = process->ToProto();
  return absl::OkStatus();
}

absl::Status ResizeOnLoop(ProcessTable& table, const guest::v1::ResizePtyRequest& request,
                          Process& response) {
  ORCH_ASSIGN_OR_RETURN(const TerminalSize size, ParseTerminalSize(request.rows(), request.cols()));
  ORCH_ASSIGN_OR_RETURN(std::shared_ptr<SpawnedProcess> process, table.Find(request.process_id()));
  ORCH_RETURN_IF_ERROR(process->Resize(size));
  response = process->ToProto();
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ProcessService::Exec(grpc::CallbackServerContext*,
                                               const guest::v1::ExecRequest* request,
                                               guest::v1::ExecResponse* response) {
  if (request->detach()) return new DetachedExecCall(context_, *request, *response);
  return new ExecCall(context_, *request, *response);
}

grpc::ServerUnaryReactor* ProcessService::Spawn(grpc::CallbackServerContext* context,
                                                const guest::v1::SpawnRequest* request,
                                                Process* response) {
  return FinishOnLoop(context_.children.loop, context, [this, request, response] {
    return SpawnOnLoop(context_, *request, *response);
  });
}

grpc::ServerUnaryReactor* ProcessService::Get(grpc::CallbackServerContext* context,
                                              const guest::v1::GetRequest* request,
                                              Process* response) {
  return FinishOnLoop(context_.children.loop, context, [this, request, response]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(std::shared_ptr<SpawnedProcess> process,
                          context_.table.Find(request->process_id()));
    *response = process->ToProtoWithUsage();
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ProcessService::List(grpc::CallbackServerContext* context,
                                               const guest::v1::ListRequest* request,
                                               guest::v1::ListResponse* response) {
  return FinishOnLoop(context_.children.loop, context, [this, request, response]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(*response, context_.table.List(*request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ProcessService::Wait(grpc::CallbackServerContext*,
                                               const guest::v1::WaitRequest* request,
                                               Process* response) {
  return new WaitCall(context_, *request, *response);
}

grpc::ServerWriteReactor<guest::v1::StreamOutputResponse>* ProcessService::StreamOutput(
    grpc::CallbackServerContext*, const guest::v1::StreamOutputRequest* request) {
  return new StreamOutputCall(context_, *request);
}

grpc::ServerReadReactor<guest::v1::WriteStdinRequest>* ProcessService::WriteStdin(
    grpc::CallbackServerContext*, guest::v1::WriteStdinResponse* response) {
  return new WriteStdinCall(context_, *response);
}

grpc::ServerUnaryReactor* ProcessService::Signal(grpc::CallbackServerContext*,
                                                 const guest::v1::SignalRequest* request,
                                                 Process* response) {
  return new SignalCall(context_, *request, *response);
}

grpc::ServerUnaryReactor* ProcessService::ResizePty(grpc::CallbackServerContext* context,
                                                    const guest::v1::ResizePtyRequest* request,
                                                    Process* response) {
  return FinishOnLoop(context_.children.loop, context, [this, request, response] {
    return ResizeOnLoop(context_.table, *request, *response);
  });
}

grpc::ServerBidiReactor<guest::v1::AttachRequest, guest::v1::AttachResponse>*
ProcessService::Attach(grpc::CallbackServerContext*) {
  return new AttachCall(context_);
}

grpc::ServerUnaryReactor* ProcessService::GetLogs(grpc::CallbackServerContext* context,
                                                  const guest::v1::GetLogsRequest* request,
                                                  guest::v1::GetLogsResponse* response) {
  return FinishOnLoop(context_.children.loop, context, [this, request, response]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(std::shared_ptr<SpawnedProcess> process,
                          context_.table.Find(request->process_id()));
    ORCH_ASSIGN_OR_RETURN(*response, agent::GetLogs(process->output(), *request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ProcessService::Delete(grpc::CallbackServerContext* context,
                                                 const guest::v1::DeleteRequest* request,
                                                 guest::v1::DeleteResponse*) {
  return FinishOnLoop(context_.children.loop, context,
                      [this, request] { return context_.table.Delete(request->process_id()); });
}

grpc::ServerUnaryReactor* ProcessService::GetConfig(grpc::CallbackServerContext* context,
                                                    const guest::v1::GetConfigRequest*,
                                                    guest::v1::ProcessConfig* response) {
  return FinishOnLoop(context_.children.loop, context, [this, response] {
    *response = ToProto(context_.table.config());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ProcessService::SetConfig(grpc::CallbackServerContext* context,
                                                    const guest::v1::SetConfigRequest* request,
                                                    guest::v1::ProcessConfig* response) {
  return FinishOnLoop(context_.children.loop, context, [this, request, response]() -> absl::Status {
    ORCH_RETURN_IF_ERROR(context_.table.SetConfig(request->config()));
    *response = ToProto(context_.table.config());
    return absl::OkStatus();
  });
}

}  // namespace orch::agent

#pragma once

#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"

namespace orch::agent {

// guest.v1.ProcessService: runs and watches processes in the guest. No call holds a thread; the
// work is done on the event loop. Contracts of the calls are in process.proto.
class ProcessService final : public guest::v1::ProcessService::CallbackService {
 public:
  explicit ProcessService(const ProcessServiceContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* Exec(grpc::CallbackServerContext* context,
                                 const guest::v1::ExecRequest* request,
                                 guest::v1::ExecResponse* response) override;
  grpc::ServerUnaryReactor* Spawn(grpc::CallbackServerContext* context,
                                  const guest::v1::SpawnRequest* request,
                                  guest::v1::Process* response) override;
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const guest::v1::GetRequest* request,
                                guest::v1::Process* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const guest::v1::ListRequest* request,
                                 guest::v1::ListResponse* response) override;
  grpc::ServerUnaryReactor* Wait(grpc::CallbackServerContext* context,
                                 const guest::v1::WaitRequest* request,
                                 guest::v1::Process* response) override;
  grpc::ServerWriteReactor<guest::v1::StreamOutputResponse>* StreamOutput(
      grpc::CallbackServerContext* context, const guest::v1::StreamOutputRequest* request) override;
  grpc::ServerReadReactor<guest::v1::WriteStdinRequest>* WriteStdin(
      grpc::CallbackServerContext* context, guest::v1::WriteStdinResponse* response) override;
  grpc::ServerUnaryReactor* Signal(grpc::CallbackServerContext* context,
                                   const guest::v1::SignalRequest* request,
                                   guest::v1::Process* response) override;
  grpc::ServerUnaryReactor* ResizePty(grpc::CallbackServerContext* context,
                                      const guest::v1::ResizePtyRequest* request,
                                      guest::v1::Process* response) override;
  grpc::ServerBidiReactor<guest::v1::AttachRequest, guest::v1::AttachResponse>* Attach(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetLogs(grpc::CallbackServerContext* context,
                                    const guest::v1::GetLogsRequest* request,
                                    guest::v1::GetLogsResponse* response) override;
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const guest::v1::DeleteRequest* request,
                                   guest::v1::DeleteResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context,
                                      const guest::v1::GetConfigRequest* request,
                                      guest::v1::ProcessConfig* response) override;
  grpc::ServerUnaryReactor* SetConfig(grpc::CallbackServerContext* context,
                                      const guest::v1::SetConfigRequest* request,
                                      guest::v1::ProcessConfig* response) override;

 private:
  const ProcessServiceContext context_;
};

}  // namespace orch::agent

#pragma once

#include "grpcpp/grpcpp.h"

#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/v1/pools.grpc.pb.h"

namespace orch {

// orchestrator.v1.PoolService on a PoolRegistry. Thread-safe; no call holds a thread while it
// waits.
class PoolService final : public orchestrator::v1::PoolService::CallbackService {
 public:
  // Must outlive this.
  explicit PoolService(PoolRegistry& pools) : pools_(pools) {}

  grpc::ServerUnaryReactor* CreatePool(grpc::CallbackServerContext* context,
                                       const orchestrator::v1::CreatePoolRequest* request,
                                       orchestrator::v1::Pool* response) override;
  grpc::ServerUnaryReactor* GetPool(grpc::CallbackServerContext* context,
                                    const orchestrator::v1::GetPoolRequest* request,
                                    orchestrator::v1::Pool* response) override;
  grpc::ServerUnaryReactor* ListPools(grpc::CallbackServerContext* context,
                                      const orchestrator::v1::ListPoolsRequest* request,
                                      orchestrator::v1::ListPoolsResponse* response) override;
  grpc::ServerUnaryReactor* UpdatePool(grpc::CallbackServerContext* context,
                                       const orchestrator::v1::UpdatePoolRequest* request,
                                       orchestrator::v1::Pool* response) override;
  grpc::ServerUnaryReactor* DeletePool(grpc::CallbackServerContext* context,
                                       const orchestrator::v1::DeletePoolRequest* request,
                                       orchestrator::v1::DeletePoolResponse* response) override;
  grpc::ServerUnaryReactor* FlushPool(grpc::CallbackServerContext* context,
                                      const orchestrator::v1::FlushPoolRequest* request,
                                      orchestrator::v1::Pool* response) override;
  grpc::ServerUnaryReactor* AcquireBrowser(grpc::CallbackServerContext* context,
                                           const orchestrator::v1::AcquireBrowserRequest* request,
                                           orchestrator::v1::Browser* response) override;
  grpc::ServerUnaryReactor* ReleaseBrowser(
      grpc::CallbackServerContext* context, const orchestrator::v1::ReleaseBrowserRequest* request,
      orchestrator::v1::ReleaseBrowserResponse* response) override;
  grpc::ServerWriteReactor<orchestrator::v1::WatchPoolResponse>* WatchPool(
      grpc::CallbackServerContext* context,
      const orchestrator::v1::WatchPoolRequest* request) override;

 private:
  absl::Status List(const orchestrator::v1::ListPoolsRequest& request,
                    orchestrator::v1::ListPoolsResponse& response) const;

  PoolRegistry& pools_;
};

}  // namespace orch

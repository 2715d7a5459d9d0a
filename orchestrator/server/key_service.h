#pragma once

#include "grpcpp/grpcpp.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/server/api_keys.h"
#include "orchestrator/v1/keys.grpc.pb.h"

namespace orch {

// orchestrator.v1.KeyService. Thread-safe.
class KeyService final : public orchestrator::v1::KeyService::CallbackService {
 public:
  // Both must outlive this. `pool` runs what blocks on the disk.
  KeyService(ApiKeys& keys, ThreadPool& pool) : keys_(keys), pool_(pool) {}

  grpc::ServerUnaryReactor* CreateKey(grpc::CallbackServerContext* context,
                                      const orchestrator::v1::CreateKeyRequest* request,
                                      orchestrator::v1::CreateKeyResponse* response) override;
  grpc::ServerUnaryReactor* ListKeys(grpc::CallbackServerContext* context,
                                     const orchestrator::v1::ListKeysRequest* request,
                                     orchestrator::v1::ListKeysResponse* response) override;
  grpc::ServerUnaryReactor* RevokeKey(grpc::CallbackServerContext* context,
                                      const orchestrator::v1::RevokeKeyRequest* request,
                                      orchestrator::v1::RevokeKeyResponse* response) override;
  grpc::ServerUnaryReactor* CheckKey(grpc::CallbackServerContext* context,
                                     const orchestrator::v1::CheckKeyRequest* request,
                                     orchestrator::v1::Key* response) override;

 private:
  ApiKeys& keys_;
  ThreadPool& pool_;
};

}  // namespace orch

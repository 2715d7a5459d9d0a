#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/v1/pools.grpc.pb.h"

namespace orch::testing {

// PoolService in memory, without browsers: keeps what it was asked for. Pages have two pools at
// most, whatever is asked for. Thread-safe.
class FakePools : public orchestrator::v1::PoolService::Service {
 public:
  // A pool of this name has no browser for anyone.
  static constexpr char kEmptyPool[] = "empty";

  void Add(const std::string& name, const std::string& pool_id = "");
  void SetAvailable(const std::string& name, uint32_t count);
  orchestrator::v1::CreatePoolRequest last_create() const;
  orchestrator::v1::UpdatePoolRequest last_update() const;
  orchestrator::v1::AcquireBrowserRequest last_acquire() const;
  orchestrator::v1::ReleaseBrowserRequest last_release() const;
  std::string last_flush() const;
  // Makes streams of WatchPool end.
  void Stop();

  grpc::Status CreatePool(grpc::ServerContext* context,
                          const orchestrator::v1::CreatePoolRequest* request,
                          orchestrator::v1::Pool* response) override;
  grpc::Status GetPool(grpc::ServerContext* context,
                       const orchestrator::v1::GetPoolRequest* request,
                       orchestrator::v1::Pool* response) override;
  grpc::Status ListPools(grpc::ServerContext* context,
                         const orchestrator::v1::ListPoolsRequest* request,
                         orchestrator::v1::ListPoolsResponse* response) override;
  grpc::Status UpdatePool(grpc::ServerContext* context,
                          const orchestrator::v1::UpdatePoolRequest* request,
                          orchestrator::v1::Pool* response) override;
  grpc::Status DeletePool(grpc::ServerContext* context,
                          const orchestrator::v1::DeletePoolRequest* request,
                          orchestrator::v1::DeletePoolResponse* response) override;
  grpc::Status FlushPool(grpc::ServerContext* context,
                         const orchestrator::v1::FlushPoolRequest* request,
                         orchestrator::v1::Pool* response) override;
  grpc::Status AcquireBrowser(grpc::ServerContext* context,
                              const orchestrator::v1::AcquireBrowserRequest* request,
                              orchestrator::v1::Browser* response) override;
  grpc::Status ReleaseBrowser(grpc::ServerContext* context,
                              const orchestrator::v1::ReleaseBrowserRequest* request,
                              orchestrator::v1::ReleaseBrowserResponse* response) override;
  grpc::Status WatchPool(grpc::ServerContext* context,
                         const orchestrator::v1::WatchPoolRequest* request,
                         grpc::ServerWriter<orchestrator::v1::WatchPoolResponse>* writer) override;

 private:
  orchestrator::v1::Pool* Find(const std::string& pool) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::vector<orchestrator::v1::Pool> pools_ ABSL_GUARDED_BY(mutex_);
  // Counts changes of any pool.
  int changes_ ABSL_GUARDED_BY(mutex_) = 0;
  orchestrator::v1::CreatePoolRequest last_create_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::UpdatePoolRequest last_update_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::AcquireBrowserRequest last_acquire_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::ReleaseBrowserRequest last_release_ ABSL_GUARDED_BY(mutex_);
  std::string last_flush_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::testing

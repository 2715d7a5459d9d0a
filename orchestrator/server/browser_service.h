#pragma once

#include "grpcpp/grpcpp.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/server/console_follower.h"
#include "orchestrator/store/state_store.h"
#include "orchestrator/v1/browsers.grpc.pb.h"

namespace orch {

// orchestrator.v1.BrowserService on a BrowserRegistry. Thread-safe; no call holds a thread while it
// waits.
class BrowserService final : public orchestrator::v1::BrowserService::CallbackService {
 public:
  // All must outlive this. `pool` runs what blocks on the disk.
  BrowserService(BrowserRegistry& registry, StateStore& store, ConsoleFollower& consoles,
                 ThreadPool& pool)
      : registry_(registry), store_(store), consoles_(consoles), pool_(pool) {}

  grpc::ServerUnaryReactor* CreateBrowser(grpc::CallbackServerContext* context,
                                          const orchestrator::v1::CreateBrowserRequest* request,
                                          orchestrator::v1::Browser* response) override;
  grpc::ServerUnaryReactor* GetBrowser(grpc::CallbackServerContext* context,
                                       const orchestrator::v1::GetBrowserRequest* request,
                                       orchestrator::v1::Browser* response) override;
  grpc::ServerUnaryReactor* ListBrowsers(grpc::CallbackServerContext* context,
                                         const orchestrator::v1::ListBrowsersRequest* request,
                                         orchestrator::v1::ListBrowsersResponse* response) override;
  grpc::ServerUnaryReactor* DeleteBrowser(grpc::CallbackServerContext* context,
                                          const orchestrator::v1::DeleteBrowserRequest* request,
                                          orchestrator::v1::Browser* response) override;
  grpc::ServerUnaryReactor* StandbyBrowser(grpc::CallbackServerContext* context,
                                           const orchestrator::v1::StandbyBrowserRequest* request,
                                           orchestrator::v1::Browser* response) override;
  grpc::ServerUnaryReactor* ResumeBrowser(grpc::CallbackServerContext* context,
                                          const orchestrator::v1::ResumeBrowserRequest* request,
                                          orchestrator::v1::Browser* response) override;
  grpc::ServerUnaryReactor* ForkBrowser(grpc::CallbackServerContext* context,
                                        const orchestrator::v1::ForkBrowserRequest* request,
                                        orchestrator::v1::ForkBrowserResponse* response) override;
  grpc::ServerUnaryReactor* UpdateBrowser(grpc::CallbackServerContext* context,
                                          const orchestrator::v1::UpdateBrowserRequest* request,
                                          orchestrator::v1::Browser* response) override;
  grpc::ServerWriteReactor<orchestrator::v1::StreamConsoleResponse>* StreamConsole(
      grpc::CallbackServerContext* context,
      const orchestrator::v1::StreamConsoleRequest* request) override;
  grpc::ServerWriteReactor<orchestrator::v1::WatchBrowsersResponse>* WatchBrowsers(
      grpc::CallbackServerContext* context,
      const orchestrator::v1::WatchBrowsersRequest* request) override;

 private:
  absl::Status List(const orchestrator::v1::ListBrowsersRequest& request,
                    orchestrator::v1::ListBrowsersResponse& response);

  BrowserRegistry& registry_;
  StateStore& store_;
  ConsoleFollower& consoles_;
  ThreadPool& pool_;
};

}  // namespace orch

#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/v1/browsers.grpc.pb.h"

namespace orch::testing {

// BrowserService in memory. Pages have two browsers at most, whatever is asked for. Thread-safe.
class FakeBrowsers : public orchestrator::v1::BrowserService::Service {
 public:
  // An image of this name gives a browser that fails.
  static constexpr char kBrokenImage[] = "broken";

  // Adds a READY browser.
  void Add(const std::string& session_id);
  void SetState(const std::string& session_id, orchestrator::v1::BrowserState state,
                const std::string& failure_reason = "");
  orchestrator::v1::CreateBrowserRequest last_create() const;
  // What the last call of its kind asked for.
  orchestrator::v1::StandbyBrowserRequest last_standby() const;
  orchestrator::v1::UpdateBrowserRequest last_update() const;
  orchestrator::v1::StreamConsoleRequest last_console() const;
  // What StreamConsole sends.
  void SetConsole(std::vector<orchestrator::v1::StreamConsoleResponse> responses);
  // Makes streams of WatchBrowsers end.
  void Stop();

  grpc::Status CreateBrowser(grpc::ServerContext* context,
                             const orchestrator::v1::CreateBrowserRequest* request,
                             orchestrator::v1::Browser* response) override;
  grpc::Status GetBrowser(grpc::ServerContext* context,
                          const orchestrator::v1::GetBrowserRequest* request,
                          orchestrator::v1::Browser* response) override;
  grpc::Status ListBrowsers(grpc::ServerContext* context,
                            const orchestrator::v1::ListBrowsersRequest* request,
                            orchestrator::v1::ListBrowsersResponse* response) override;
  grpc::Status DeleteBrowser(grpc::ServerContext* context,
                             const orchestrator::v1::DeleteBrowserRequest* request,
                             orchestrator::v1::Browser* response) override;
  grpc::Status StandbyBrowser(grpc::ServerContext* context,
                              const orchestrator::v1::StandbyBrowserRequest* request,
                              orchestrator::v1::Browser* response) override;
  grpc::Status ResumeBrowser(grpc::ServerContext* context,
                             const orchestrator::v1::ResumeBrowserRequest* request,
                             orchestrator::v1::Browser* response) override;
  grpc::Status ForkBrowser(grpc::ServerContext* context,
                           const orchestrator::v1::ForkBrowserRequest* request,
                           orchestrator::v1::ForkBrowserResponse* response) override;
  grpc::Status UpdateBrowser(grpc::ServerContext* context,
                             const orchestrator::v1::UpdateBrowserRequest* request,
                             orchestrator::v1::Browser* response) override;
  grpc::Status StreamConsole(
      grpc::ServerContext* context, const orchestrator::v1::StreamConsoleRequest* request,
      grpc::ServerWriter<orchestrator::v1::StreamConsoleResponse>* writer) override;
  grpc::Status WatchBrowsers(
      grpc::ServerContext* context, const orchestrator::v1::WatchBrowsersRequest* request,
      grpc::ServerWriter<orchestrator::v1::WatchBrowsersResponse>* writer) override;

 private:
  orchestrator::v1::Browser* Find(const std::string& session_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::vector<orchestrator::v1::Browser> browsers_ ABSL_GUARDED_BY(mutex_);
  // Every change ever made, in order.
  std::vector<orchestrator::v1::Browser> changes_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::CreateBrowserRequest last_create_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::StandbyBrowserRequest last_standby_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::UpdateBrowserRequest last_update_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::StreamConsoleRequest last_console_ ABSL_GUARDED_BY(mutex_);
  std::vector<orchestrator::v1::StreamConsoleResponse> console_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::testing

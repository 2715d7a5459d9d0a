#pragma once

#include "absl/status/status.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/v1/templates.grpc.pb.h"

namespace orch {

// orchestrator.v1.TemplateService. Thread-safe; no call holds a thread while it waits.
class TemplateService final : public orchestrator::v1::TemplateService::CallbackService {
 public:
  // All must outlive this. `pool` runs what blocks on the disk.
  TemplateService(BrowserHost& browsers, ThreadPool& pool)
      : registry_(browsers.registry()),
        templates_(browsers.templates()),
        catalog_(browsers.catalog()),
        shells_(browsers.shells()),
        pool_(pool) {}

  grpc::ServerUnaryReactor* ListTemplates(
      grpc::CallbackServerContext* context, const orchestrator::v1::ListTemplatesRequest* request,
      orchestrator::v1::ListTemplatesResponse* response) override;
  grpc::ServerUnaryReactor* GetTemplate(grpc::CallbackServerContext* context,
                                        const orchestrator::v1::GetTemplateRequest* request,
                                        orchestrator::v1::Template* response) override;
  grpc::ServerUnaryReactor* DeleteTemplate(
      grpc::CallbackServerContext* context, const orchestrator::v1::DeleteTemplateRequest* request,
      orchestrator::v1::DeleteTemplateResponse* response) override;
  grpc::ServerWriteReactor<orchestrator::v1::BuildTemplateResponse>* BuildTemplate(
      grpc::CallbackServerContext* context,
      const orchestrator::v1::BuildTemplateRequest* request) override;

 private:
  absl::Status List(const orchestrator::v1::ListTemplatesRequest& request,
                    orchestrator::v1::ListTemplatesResponse& response) const;
  absl::Status Find(const std::string& key, orchestrator::v1::Template& response) const;

  BrowserRegistry& registry_;
  Templates& templates_;
  TemplateCatalog& catalog_;
  Shells& shells_;
  ThreadPool& pool_;
};

}  // namespace orch

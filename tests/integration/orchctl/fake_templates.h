#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/v1/templates.grpc.pb.h"

namespace orch::testing {

// TemplateService in memory. Pages have two templates at most, whatever is asked for. Thread-safe.
class FakeTemplates : public orchestrator::v1::TemplateService::Service {
 public:
  // An image of this name makes a build fail.
  static constexpr char kBrokenImage[] = "broken";

  // A template that so many browsers need.
  void Add(const std::string& key, uint32_t references = 0);
  orchestrator::v1::BuildTemplateRequest last_build() const;

  grpc::Status ListTemplates(grpc::ServerContext* context,
                             const orchestrator::v1::ListTemplatesRequest* request,
                             orchestrator::v1::ListTemplatesResponse* response) override;
  grpc::Status GetTemplate(grpc::ServerContext* context,
                           const orchestrator::v1::GetTemplateRequest* request,
                           orchestrator::v1::Template* response) override;
  grpc::Status DeleteTemplate(grpc::ServerContext* context,
                              const orchestrator::v1::DeleteTemplateRequest* request,
                              orchestrator::v1::DeleteTemplateResponse* response) override;
  grpc::Status BuildTemplate(
      grpc::ServerContext* context, const orchestrator::v1::BuildTemplateRequest* request,
      grpc::ServerWriter<orchestrator::v1::BuildTemplateResponse>* writer) override;

 private:
  orchestrator::v1::Template* Find(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::vector<orchestrator::v1::Template> templates_ ABSL_GUARDED_BY(mutex_);
  orchestrator::v1::BuildTemplateRequest last_build_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::testing

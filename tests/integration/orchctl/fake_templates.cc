#include "tests/integration/orchctl/fake_templates.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace orch::testing {
namespace {

using ::orchestrator::v1::Template;

constexpr size_t kPageSize = 2;

grpc::Status NotFound(const std::string& key) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, absl::StrCat("no template ", key));
}

}  // namespace

void FakeTemplates::Add(const std::string& key, uint32_t references) {
  absl::MutexLock lock(&mutex_);
  Template value;
  value.set_key(key);
  value.mutable_spec()->set_image("chromium");
  value.set_size_bytes((300u << 20) + 1);
  value.set_reference_count(references);
  templates_.push_back(value);
}

orchestrator::v1::BuildTemplateRequest FakeTemplates::last_build() const {
  absl::MutexLock lock(&mutex_);
  return last_build_;
}

Template* FakeTemplates::Find(const std::string& key) {
  for (Template& value : templates_) {
    if (value.key() == key) return &value;
  }
  return nullptr;
}

grpc::Status FakeTemplates::ListTemplates(grpc::ServerContext*,
                                          const orchestrator::v1::ListTemplatesRequest* request,
                                          orchestrator::v1::ListTemplatesResponse* response) {
  absl::MutexLock lock(&mutex_);
  size_t i = 0;
  if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &i)) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "bad page_token");
  }
  const size_t end = std::min(i + kPageSize, templates_.size());
  for (; i < end; ++i) *response->add_templates() = templates_[i];
  if (end < templates_.size()) response->set_next_page_token(absl::StrCat(end));
  return grpc::Status::OK;
}

grpc::Status FakeTemplates::GetTemplate(grpc::ServerContext*,
                                        const orchestrator::v1::GetTemplateRequest* request,
                                        Template* response) {
  absl::MutexLock lock(&mutex_);
  const Template* value = Find(request->key());
  if (value == nullptr) return NotFound(request->key());
  *response = *value;
  return grpc::Status::OK;
}

grpc::Status FakeTemplates::DeleteTemplate(grpc::ServerContext*,
                                           const orchestrator::v1::DeleteTemplateRequest* request,
                                           orchestrator::v1::DeleteTemplateResponse*) {
  absl::MutexLock lock(&mutex_);
  const Template* value = Find(request->key());
  if (value == nullptr) return NotFound(request->key());
  if (value->reference_count() > 0) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "browsers need it");
  }
  templates_.erase(templates_.begin() + (value - templates_.data()));
  return grpc::Status::OK;
}

grpc::Status FakeTemplates::BuildTemplate(
    grpc::ServerContext*, const orchestrator::v1::BuildTemplateRequest* request,
    grpc::ServerWriter<orchestrator::v1::BuildTemplateResponse>* writer) {
  orchestrator::v1::BuildTemplateResponse response;
  for (const auto phase :
       {orchestrator::v1::BUILD_PHASE_QUEUED, orchestrator::v1::BUILD_PHASE_BOOTING}) {
    response.set_phase(phase);
    writer->Write(response);
  }
  absl::MutexLock lock(&mutex_);
  last_build_ = *request;
  if (request->spec().image() == kBrokenImage) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "not ready in 60 s");
  }
  response.set_phase(orchestrator::v1::BUILD_PHASE_DONE);
  response.mutable_template_()->set_key("built");
  *response.mutable_template_()->mutable_spec() = request->spec();
  writer->Write(response);
  return grpc::Status::OK;
}

}  // namespace orch::testing

#include "orchestrator/server/template_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/server/browser_proto.h"
#include "orchestrator/server/proto_time.h"
#include "orchestrator/server/response_stream.h"

namespace orch {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 500;
// A build has five phases.
constexpr size_t kMaxQueuedPhases = 16;

orchestrator::v1::Template TemplateProto(const TemplateUse& use) {
  orchestrator::v1::Template proto;
  proto.set_key(use.value.key);
  *proto.mutable_spec() = ToProto(use.value.spec.browser);
  proto.mutable_spec()->clear_timeout_seconds();
  proto.mutable_spec()->clear_standby_after();
  proto.mutable_spec()->clear_standby_disabled();
  proto.set_image_digest(use.value.spec.image_digest);
  *proto.mutable_created_at() = ToProto(use.value.created_at);
  *proto.mutable_last_used_at() = ToProto(use.last_used_at);
  proto.set_size_bytes(use.value.size_bytes);
  proto.set_reference_count(static_cast<uint32_t>(use.references));
  return proto;
}

orchestrator::v1::BuildPhase PhaseProto(BuildPhase phase) {
  switch (phase) {
    case BuildPhase::kQueued:
      return orchestrator::v1::BUILD_PHASE_QUEUED;
    case BuildPhase::kBooting:
      return orchestrator::v1::BUILD_PHASE_BOOTING;
    case BuildPhase::kSettling:
      return orchestrator::v1::BUILD_PHASE_SETTLING;
    case BuildPhase::kSaving:
      return orchestrator::v1::BUILD_PHASE_SAVING;
    case BuildPhase::kDone:
      return orchestrator::v1::BUILD_PHASE_DONE;
  }
  return orchestrator::v1::BUILD_PHASE_UNSPECIFIED;
}

}  // namespace

grpc::ServerUnaryReactor* TemplateService::ListTemplates(
    grpc::CallbackServerContext* context, const orchestrator::v1::ListTemplatesRequest* request,
    orchestrator::v1::ListTemplatesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(List(*request, *response)));
  return reactor;
}

absl::Status TemplateService::List(const orchestrator::v1::ListTemplatesRequest& request,
                                   orchestrator::v1::ListTemplatesResponse& response) const {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", request.page_size(), "; it must be 0..", kMaxPageSize));
  }
  const size_t page_size =
      static_cast<size_t>(request.page_size() == 0 ? kDefaultPageSize : request.page_size());
  const std::vector<TemplateUse> uses = catalog_.List();
  // A token is the key of the last one on the page before.
  auto next = uses.begin();
  if (!request.page_token().empty()) {
    next = std::find_if(uses.begin(), uses.end(), [&](const TemplateUse& use) {
      return use.value.key == request.page_token();
    });
    if (next == uses.end()) {
      return absl::InvalidArgumentError(
          "page_token is not one of this list, or its template was deleted; begin anew");
    }
    ++next;
  }
  for (; next != uses.end(); ++next) {
    if (response.templates_size() == static_cast<int>(page_size)) {
      response.set_next_page_token(response.templates(response.templates_size() - 1).key());
      break;
    }
    *response.add_templates() = TemplateProto(*next);
  }
  return absl::OkStatus();
}

absl::Status TemplateService::Find(const std::string& key,
                                   orchestrator::v1::Template& response) const {
  for (const TemplateUse& use : catalog_.List()) {
    if (use.value.key != key) continue;
    response = TemplateProto(use);
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("there is no template ", key));
}

grpc::ServerUnaryReactor* TemplateService::GetTemplate(
    grpc::CallbackServerContext* context, const orchestrator::v1::GetTemplateRequest* request,
    orchestrator::v1::Template* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(Find(request->key(), *response)));
  return reactor;
}

grpc::ServerUnaryReactor* TemplateService::DeleteTemplate(
    grpc::CallbackServerContext* context, const orchestrator::v1::DeleteTemplateRequest* request,
    orchestrator::v1::DeleteTemplateResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool_.Run([this, key = request->key(), reactor] {
    // Spare shells are nobody's need.
    shells_.Discard(key);
    reactor->Finish(ToGrpcStatus(catalog_.Remove(key)));
  });
  return reactor;
}

grpc::ServerWriteReactor<orchestrator::v1::BuildTemplateResponse>* TemplateService::BuildTemplate(
    grpc::CallbackServerContext* /*context*/,
    const orchestrator::v1::BuildTemplateRequest* request) {
  using Response = orchestrator::v1::BuildTemplateResponse;
  auto* call = new ResponseStream<Response>(kMaxQueuedPhases);
  pool_.Run([this, spec = FromProto(request->spec()), feed = call->feed()] {
    const absl::StatusOr<BrowserRegistry::Plan> plan =
        spec.ok() ? registry_.Resolve(*spec) : absl::StatusOr<BrowserRegistry::Plan>(spec.status());
    if (!plan.ok()) {
      feed->Finish(plan.status());
      return;
    }
    Response queued;
    queued.set_phase(orchestrator::v1::BUILD_PHASE_QUEUED);
    feed->Push(std::move(queued));
    templates_.GetOrBuild(
        plan->base, plan->image, Templates::Memory::kOwn,
        [this, feed](const absl::StatusOr<TemplateRef>& made) {
          absl::Status status = made.status();
          if (made.ok()) {
            Response done;
            done.set_phase(orchestrator::v1::BUILD_PHASE_DONE);
            status = Find((*made)->key, *done.mutable_template_());
            if (status.ok()) feed->Push(std::move(done));
          }
          feed->Finish(status);
        },
        [feed](BuildPhase phase) {
          Response response;
          response.set_phase(PhaseProto(phase));
          feed->Push(std::move(response));
        });
  });
  return call;
}

}  // namespace orch

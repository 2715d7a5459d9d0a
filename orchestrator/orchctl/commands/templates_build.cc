#include "orchestrator/orchctl/commands/templates_build.h"

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/template_tables.h"
#include "orchestrator/orchctl/format/words.h"
#include "orchestrator/orchctl/progress.h"

namespace orch::ctl {

using ::orchestrator::v1::BuildTemplateResponse;

void TemplatesBuildCommand::Configure(CLI::App& app) {
  browser_.ConfigureMachine(app);
  app.footer(R"(
Makes the template for browsers like these, so that the first of them does not
wait for it, and prints it; the phase that it is in shows on a terminal. Ends at
once when there is one. Ctrl-C does not stop the daemon from building it.

Examples:
  orchctl templates build --headless
  orchctl templates build --image chromium --viewport 1280x720 -o json | jq -r .key)");
}

absl::Status TemplatesBuildCommand::Check(const Settings&) {
  ORCH_ASSIGN_OR_RETURN(*request_.mutable_spec(), browser_.Spec());
  return absl::OkStatus();
}

absl::StatusOr<int> TemplatesBuildCommand::Run(Invocation& invocation) {
  grpc::ClientContext context;
  invocation.SetDeadline(context, absl::InfiniteDuration());
  auto progress = std::make_unique<Progress>("building a template");
  const auto reader = invocation.connection().templates().BuildTemplate(&context, request_);
  BuildTemplateResponse response;
  BuildTemplateResponse last;
  while (reader->Read(&response)) {
    progress->Set(
        absl::StrCat("building a template: ", absl::AsciiStrToLower(Word(response.phase()))));
    last = std::exchange(response, {});
  }
  progress.reset();
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  if (!last.has_template_()) {
    return absl::InternalError("the daemon ended the stream without a template");
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(last.template_(), TemplateDetails(last.template_())));
  return kExitOk;
}

}  // namespace orch::ctl

#include "orchestrator/orchctl/commands/templates_delete.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::TemplateService;

void TemplatesDeleteCommand::Configure(CLI::App& app) {
  AddTemplateKeys(app, keys_);
  app.footer(R"(
A template that browsers need is kept, and the exit status is 1. A browser like
those that it was made for builds it again.

Examples:
  orchctl templates delete KEY
  orchctl templates delete $(orchctl templates list -q))");
}

absl::StatusOr<int> TemplatesDeleteCommand::Run(Invocation& invocation) {
  int exit_status = kExitOk;
  for (const std::string& key : keys_) {
    orchestrator::v1::DeleteTemplateRequest request;
    request.set_key(key);
    const absl::Status deleted = invocation
                                     .Call(invocation.connection().templates(),
                                           &TemplateService::Stub::DeleteTemplate, request)
                                     .status();
    if (!deleted.ok()) {
      invocation.Report(Annotate(deleted, key));
      exit_status = kExitError;
    }
  }
  return exit_status;
}

}  // namespace orch::ctl

#include "orchestrator/orchctl/commands/templates_get.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/template_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::Template;
using ::orchestrator::v1::TemplateService;

void TemplatesGetCommand::Configure(CLI::App& app) {
  AddTemplateKey(app, key_);
  app.footer(R"help(
Examples:
  orchctl templates get KEY
  orchctl templates get "$(orchctl browsers get ID -o json | jq -r .template_key)")help");
}

absl::StatusOr<int> TemplatesGetCommand::Run(Invocation& invocation) {
  orchestrator::v1::GetTemplateRequest request;
  request.set_key(key_);
  ORCH_ASSIGN_OR_RETURN(const Template value,
                        invocation.Call(invocation.connection().templates(),
                                        &TemplateService::Stub::GetTemplate, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(value, TemplateDetails(value)));
  return kExitOk;
}

}  // namespace orch::ctl

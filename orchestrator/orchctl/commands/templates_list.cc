#include "orchestrator/orchctl/commands/templates_list.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/all_pages.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/template_tables.h"

namespace orch::ctl {

using ::orchestrator::v1::Template;
using ::orchestrator::v1::TemplateService;

void TemplatesListCommand::Configure(CLI::App& app) {
  app.add_flag("-q,--quiet", quiet_, "Print nothing but keys");
  app.footer(R"(
Most recently used first. IN USE BY counts browsers, sleeping ones, too, without
which a template cannot be deleted.

Examples:
  orchctl templates list
  orchctl templates list -o json | jq 'map(.size_bytes) | add')");
}

absl::StatusOr<int> TemplatesListCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(
      const std::vector<Template> templates,
      ListAllPages(invocation, invocation.connection().templates(),
                   &TemplateService::Stub::ListTemplates, orchestrator::v1::ListTemplatesRequest(),
                   &orchestrator::v1::ListTemplatesResponse::mutable_templates));
  std::string text;
  if (quiet_) {
    for (const Template& value : templates) absl::StrAppend(&text, value.key(), "\n");
  } else if (invocation.json()) {
    text = ToJson(Pointers(templates));
  } else {
    text = TemplateTable(templates, absl::Now());
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(text));
  return kExitOk;
}

}  // namespace orch::ctl

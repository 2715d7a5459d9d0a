#include "orchestrator/orchctl/commands/keys_create.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch::ctl {

using ::orchestrator::v1::KeyService;

void KeysCreateCommand::Configure(CLI::App& app) {
  app.add_option("-n,--name", name_, "What the key is for, shown by list")->type_name("TEXT");
  app.footer(R"(
The key is printed this once: the daemon keeps only a hash of it.

Examples:
  orchctl keys create --name ci
  export KERNEL_API_KEY=$(orchctl keys create --name laptop))");
}

absl::StatusOr<int> KeysCreateCommand::Run(Invocation& invocation) {
  orchestrator::v1::CreateKeyRequest request;
  request.set_name(name_);
  ORCH_ASSIGN_OR_RETURN(
      const orchestrator::v1::CreateKeyResponse made,
      invocation.Call(invocation.connection().keys(), &KeyService::Stub::CreateKey, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(made, absl::StrCat(made.secret(), "\n")));
  return kExitOk;
}

}  // namespace orch::ctl

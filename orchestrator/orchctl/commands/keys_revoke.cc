#include "orchestrator/orchctl/commands/keys_revoke.h"

#include "orchestrator/base/annotate.h"

namespace orch::ctl {

using ::orchestrator::v1::KeyService;

void KeysRevokeCommand::Configure(CLI::App& app) {
  app.add_option("KEY-ID", ids_, "Keys: the ids that list shows")->required()->type_name("");
  app.footer(R"(
Connections that the key opened stay. When no key is left, the daemon makes one at
its next start and prints it.

Examples:
  orchctl keys revoke KEY-ID
  orchctl keys revoke $(orchctl keys list -q))");
}

absl::StatusOr<int> KeysRevokeCommand::Run(Invocation& invocation) {
  int exit_status = kExitOk;
  for (const std::string& id : ids_) {
    orchestrator::v1::RevokeKeyRequest request;
    request.set_key_id(id);
    const absl::Status revoked =
        invocation.Call(invocation.connection().keys(), &KeyService::Stub::RevokeKey, request)
            .status();
    if (!revoked.ok()) {
      invocation.Report(Annotate(revoked, id));
      exit_status = kExitError;
    }
  }
  return exit_status;
}

}  // namespace orch::ctl

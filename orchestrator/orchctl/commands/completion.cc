#include "orchestrator/orchctl/commands/completion.h"

#include "CLI/Validators.hpp"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/completion_script.h"

namespace orch::ctl {

void CompletionCommand::Configure(CLI::App& app) {
  app.add_option("SHELL", shell_, "bash, zsh or fish")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app.footer(R"(
Examples:
  source <(orchctl completion bash)
  orchctl completion zsh > "${fpath[1]}/_orchctl"
  orchctl completion fish > ~/.config/fish/completions/orchctl.fish)");
}

absl::StatusOr<int> CompletionCommand::Run(Invocation& invocation) {
  ORCH_RETURN_IF_ERROR(invocation.Print(CompletionScript(root_, shell_)));
  return kExitOk;
}

}  // namespace orch::ctl

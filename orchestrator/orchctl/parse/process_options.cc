#include "orchestrator/orchctl/parse/process_options.h"

#include <cmath>
#include <cstdlib>
#include <map>

#include "CLI/Validators.hpp"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

void ProcessOptions::Configure(CLI::App& app) {
  app.add_option("-C,--cwd", cwd_, "Working directory, absolute (default: the user's home)")
      ->type_name("DIR");
  app.add_option("-e,--env", environment_, "Set an environment variable; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  CLI::Option* user =
      app.add_option("-u,--user", user_, "Run as this user of the guest")->type_name("USER");
  app.add_flag("--root", root_, "Run as root")->excludes(user);
  app.add_option("--timeout", timeout_, "Kill the process after this long, such as 90s")
      ->type_name("DURATION");
  app.add_flag("--shell", shell_,
               "The first word is a line for /bin/sh, the others its $1, $2, ...");
  app.add_option("--memory", memory_mib_, "Memory that it and its descendants may use together")
      ->type_name("MIB");
  app.add_option("--cpus", cpus_, "Processors that they may use, such as 0.5")
      ->type_name("N")
      ->check(CLI::Range(0.01, 1000.0));
}

absl::StatusOr<guest::v1::ProcessSpec> ProcessOptions::Build(
    const std::vector<std::string>& guest_command) const {
  guest::v1::ProcessSpec spec;
  spec.set_command(guest_command.front());
  for (size_t i = 1; i < guest_command.size(); ++i) spec.add_args(guest_command[i]);
  spec.set_cwd(cwd_);
  ORCH_ASSIGN_OR_RETURN(const auto environment, ParseEnvironment(environment_));
  for (const auto& [name, value] : environment) (*spec.mutable_env())[name] = value;
  spec.set_as_user(user_);
  spec.set_as_root(root_);
  spec.set_shell(shell_);
  if (memory_mib_ > 0) spec.mutable_limits()->set_memory_bytes(memory_mib_ << 20);
  if (cpus_ > 0) {
    spec.mutable_limits()->set_cpu_millis(static_cast<uint32_t>(std::lround(cpus_ * 1000)));
  }
  if (!timeout_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const absl::Duration timeout, ParseTimeout(timeout_));
    spec.mutable_timeout()->set_seconds(absl::ToInt64Seconds(timeout));
    spec.mutable_timeout()->set_nanos(static_cast<int32_t>(
        absl::ToInt64Nanoseconds(timeout - absl::Seconds(absl::ToInt64Seconds(timeout)))));
  }
  return spec;
}

absl::StatusOr<guest::v1::ProcessSpec> ProcessOptions::BuildOnTerminal(
    const std::vector<std::string>& guest_command) const {
  absl::StatusOr<guest::v1::ProcessSpec> spec = Build(guest_command);
  const char* terminal = std::getenv("TERM");
  if (spec.ok() && terminal != nullptr && !spec->env().contains("TERM")) {
    (*spec->mutable_env())["TERM"] = terminal;
  }
  return spec;
}

}  // namespace orch::ctl

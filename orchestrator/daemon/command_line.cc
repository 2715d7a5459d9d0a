#include "orchestrator/daemon/command_line.h"

#include <cstdlib>
#include <map>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/daemon/version.h"

namespace orch {
namespace {

constexpr char kAbout[] =
    "Keeps browser virtual machines on this host and serves them over gRPC.\n"
    "\n"
    "Each option can also be a key of the TOML file (state_dir = \"/var/lib/orchestrator\") or an\n"
    "environment variable (ORCHESTRATOR_STATE_DIR). Flags win over the environment, the "
    "environment\n"
    "over the file.";

absl::Status Apply(const std::vector<ConfigOption>& options,
                   const std::map<std::string, std::string>& flags, const std::string& file,
                   Config& config) {
  if (!file.empty()) ORCH_RETURN_IF_ERROR(ApplyConfigFile(file, config));
  for (const ConfigOption& option : options) {
    const std::string name = option.EnvironmentName();
    if (const char* value = std::getenv(name.c_str()); value != nullptr) {
      ORCH_RETURN_IF_ERROR(Annotate(option.set(config, value), name));
    }
  }
  for (const ConfigOption& option : options) {
    if (const auto flag = flags.find(option.name); flag != flags.end()) {
      ORCH_RETURN_IF_ERROR(Annotate(option.set(config, flag->second), option.FlagName()));
    }
  }
  return ValidateConfig(config);
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app{kAbout, "orchestrator"};
  app.set_version_flag("--version", std::string(kDaemonVersion));
  std::string file;
  bool check = false;
  app.add_option("-c,--config", file, "TOML file with settings")->envname("ORCHESTRATOR_CONFIG");
  app.add_flag("--check-config", check, "Check the settings and stop");
  const std::vector<ConfigOption> options = ConfigOptions();
  std::map<std::string, std::string> flags;
  for (const ConfigOption& option : options) {
    app.add_option_function<std::string>(
           option.FlagName(),
           [&flags, name = option.name](const std::string& value) { flags[name] = value; },
           option.help)
        ->default_str(option.default_text)
        ->type_name("");
  }
  try {  // CLI11 reports through exceptions; none leaves this function.
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return CommandLine{.action = CommandLine::Action::kPrint, .config = {}, .text = app.help()};
  } catch (const CLI::CallForVersion&) {
    return CommandLine{.action = CommandLine::Action::kPrint,
                       .config = {},
                       .text = absl::StrCat("orchestrator ", kDaemonVersion, "\n")};
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), "; see orchestrator --help"));
  }
  CommandLine command;
  if (check) command.action = CommandLine::Action::kCheckConfig;
  ORCH_RETURN_IF_ERROR(Apply(options, flags, file, command.config));
  return command;
}

}  // namespace orch

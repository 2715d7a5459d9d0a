#include "orchestrator/orchctl/command_line.h"

#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/commands/browsers_console.h"
#include "orchestrator/orchctl/commands/browsers_create.h"
#include "orchestrator/orchctl/commands/browsers_delete.h"
#include "orchestrator/orchctl/commands/browsers_fork.h"
#include "orchestrator/orchctl/commands/browsers_get.h"
#include "orchestrator/orchctl/commands/browsers_list.h"
#include "orchestrator/orchctl/commands/browsers_resume.h"
#include "orchestrator/orchctl/commands/browsers_standby.h"
#include "orchestrator/orchctl/commands/browsers_update.h"
#include "orchestrator/orchctl/commands/browsers_watch.h"
#include "orchestrator/orchctl/commands/cdp.h"
#include "orchestrator/orchctl/commands/completion.h"
#include "orchestrator/orchctl/commands/computer_batch.h"
#include "orchestrator/orchctl/commands/computer_click.h"
#include "orchestrator/orchctl/commands/computer_clipboard.h"
#include "orchestrator/orchctl/commands/computer_drag.h"
#include "orchestrator/orchctl/commands/computer_key.h"
#include "orchestrator/orchctl/commands/computer_move.h"
#include "orchestrator/orchctl/commands/computer_screenshot.h"
#include "orchestrator/orchctl/commands/computer_scroll.h"
#include "orchestrator/orchctl/commands/computer_type.h"
#include "orchestrator/orchctl/commands/forward.h"
#include "orchestrator/orchctl/commands/fs_cat.h"
#include "orchestrator/orchctl/commands/fs_chmod.h"
#include "orchestrator/orchctl/commands/fs_cp.h"
#include "orchestrator/orchctl/commands/fs_ls.h"
#include "orchestrator/orchctl/commands/fs_mkdir.h"
#include "orchestrator/orchctl/commands/fs_mv.h"
#include "orchestrator/orchctl/commands/fs_rm.h"
#include "orchestrator/orchctl/commands/fs_stat.h"
#include "orchestrator/orchctl/commands/fs_watch.h"
#include "orchestrator/orchctl/commands/fs_zip.h"
#include "orchestrator/orchctl/commands/keys_create.h"
#include "orchestrator/orchctl/commands/keys_list.h"
#include "orchestrator/orchctl/commands/keys_revoke.h"
#include "orchestrator/orchctl/commands/logs.h"
#include "orchestrator/orchctl/commands/node.h"
#include "orchestrator/orchctl/commands/playwright_run.h"
#include "orchestrator/orchctl/commands/pools_acquire.h"
#include "orchestrator/orchctl/commands/pools_create.h"
#include "orchestrator/orchctl/commands/pools_delete.h"
#include "orchestrator/orchctl/commands/pools_flush.h"
#include "orchestrator/orchctl/commands/pools_get.h"
#include "orchestrator/orchctl/commands/pools_list.h"
#include "orchestrator/orchctl/commands/pools_release.h"
#include "orchestrator/orchctl/commands/pools_update.h"
#include "orchestrator/orchctl/commands/pools_watch.h"
#include "orchestrator/orchctl/commands/process_attach.h"
#include "orchestrator/orchctl/commands/process_config.h"
#include "orchestrator/orchctl/commands/process_delete.h"
#include "orchestrator/orchctl/commands/process_exec.h"
#include "orchestrator/orchctl/commands/process_kill.h"
#include "orchestrator/orchctl/commands/process_logs.h"
#include "orchestrator/orchctl/commands/process_ps.h"
#include "orchestrator/orchctl/commands/process_run.h"
#include "orchestrator/orchctl/commands/process_spawn.h"
#include "orchestrator/orchctl/commands/process_stdin.h"
#include "orchestrator/orchctl/commands/process_wait.h"
#include "orchestrator/orchctl/commands/replays_delete.h"
#include "orchestrator/orchctl/commands/replays_download.h"
#include "orchestrator/orchctl/commands/replays_list.h"
#include "orchestrator/orchctl/commands/replays_start.h"
#include "orchestrator/orchctl/commands/replays_stop.h"
#include "orchestrator/orchctl/commands/shell.h"
#include "orchestrator/orchctl/commands/templates_build.h"
#include "orchestrator/orchctl/commands/templates_delete.h"
#include "orchestrator/orchctl/commands/templates_get.h"
#include "orchestrator/orchctl/commands/templates_list.h"
#include "orchestrator/orchctl/commands/top.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {
namespace {

constexpr char kFooter[] = R"(
Examples:
  orchctl browsers create --headless
  orchctl pools create --name ready --size 5 --headless
  orchctl process exec ID -- uname -a
  orchctl forward ID 9222
  orchctl top
  orchctl -o json node | jq .host_cpus

Exit status: 0 done, 1 the daemon reported an error, 2 wrong usage. "shell",
"process exec", "run", "attach" and "wait" pass on the guest process's own; see
their --help.)";

constexpr char kGlobalFooter[] =
    "\n-t, -o and --deadline, which every command takes, are described by \"orchctl --help\".";

int UsageError(absl::string_view path, absl::string_view message) {
  std::cerr << "orchctl: " << path << (path.empty() ? "" : ": ") << Printable(message)
            << "\norchctl: \"orchctl " << path << (path.empty() ? "" : " ")
            << "--help\" explains\n";
  return kExitUsage;
}

}  // namespace

std::string CommandPath(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "";
  const std::string parent = CommandPath(*app.get_parent());
  return absl::StrCat(parent, parent.empty() ? "" : " ", app.get_name());
}

CommandLine::CommandLine() : app_("Operates a browser orchestrator", "orchctl") {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.set_version_flag("--version", "orchctl " ORCHCTL_VERSION, "Print the version and exit");
  app_.get_formatter()->column_width(34);
  AddGlobalOptions();

  Add(&app_, "node", "Show the host: versions, capacity, images, counts",
      std::make_unique<NodeCommand>());
  Add(&app_, "top", "Show pools and browsers as they change", std::make_unique<TopCommand>());
  AddBrowsers();
  AddPools();
  AddTemplates();
  AddKeys();
  AddProcess();
  AddFiles();
  AddReplays();
  Add(&app_, "logs", "Print what a browser's programs log, or a file",
      std::make_unique<LogsCommand>());
  Add(&app_, "shell", "Log in to a browser's machine", std::make_unique<ShellCommand>());
  AddComputer();
  Add(&app_, "forward", "Make a guest's TCP port reachable on this host",
      std::make_unique<ForwardCommand>());
  Add(&app_, "cdp", "Ask Chromium for its version over CDP's HTTP endpoint",
      std::make_unique<CdpCommand>());
  Add(&app_, "completion", "Print a shell's completion script",
      std::make_unique<CompletionCommand>(app_));
  app_.footer(kFooter);
}

void CommandLine::AddBrowsers() {
  CLI::App* browsers = AddGroup("browsers", "Create, list, put to sleep, fork and delete browsers");
  Add(browsers, "create", "Create a browser", std::make_unique<BrowsersCreateCommand>());
  Add(browsers, "list", "List browsers, newest first", std::make_unique<BrowsersListCommand>());
  Add(browsers, "get", "Show one browser", std::make_unique<BrowsersGetCommand>());
  Add(browsers, "update", "Change when a browser sleeps and ends",
      std::make_unique<BrowsersUpdateCommand>());
  Add(browsers, "standby", "Put browsers to sleep", std::make_unique<BrowsersStandbyCommand>());
  Add(browsers, "resume", "Wake browsers", std::make_unique<BrowsersResumeCommand>());
  Add(browsers, "fork", "Make browsers with what another one has in memory and on its disk",
      std::make_unique<BrowsersForkCommand>());
  Add(browsers, "console", "Print what a guest writes to its serial console",
      std::make_unique<BrowsersConsoleCommand>());
  Add(browsers, "delete", "Delete browsers and all they hold",
      std::make_unique<BrowsersDeleteCommand>());
  Add(browsers, "watch", "Print changes of state as they happen",
      std::make_unique<BrowsersWatchCommand>());
}

void CommandLine::AddTemplates() {
  CLI::App* templates = AddGroup("templates", "What browsers are cloned from");
  Add(templates, "list", "List templates, most recently used first",
      std::make_unique<TemplatesListCommand>());
  Add(templates, "get", "Show one template", std::make_unique<TemplatesGetCommand>());
  Add(templates, "build", "Make a template ahead of its first browser",
      std::make_unique<TemplatesBuildCommand>());
  Add(templates, "delete", "Delete templates", std::make_unique<TemplatesDeleteCommand>());
}

void CommandLine::AddKeys() {
  CLI::App* keys = AddGroup("keys", "What clients of the HTTP API prove themselves with");
  Add(keys, "create", "Make a key and print it, this once", std::make_unique<KeysCreateCommand>());
  Add(keys, "list", "List keys, newest first", std::make_unique<KeysListCommand>());
  Add(keys, "revoke", "Make keys good for nothing", std::make_unique<KeysRevokeCommand>());
}

void CommandLine::AddProcess() {
  CLI::App* process = AddGroup("process", "Run and control processes inside a browser's machine");
  Add(process, "exec", "Run a command, joined to this terminal",
      std::make_unique<ProcessExecCommand>());
  Add(process, "run", "Run a command on a terminal joined to this one",
      std::make_unique<ProcessRunCommand>());
  Add(process, "attach", "Join this terminal to a process's",
      std::make_unique<ProcessAttachCommand>());
  Add(process, "spawn", "Start a command and print its process id",
      std::make_unique<ProcessSpawnCommand>());
  Add(process, "ps", "List processes, oldest first", std::make_unique<ProcessPsCommand>());
  Add(process, "wait", "Wait for a process to end", std::make_unique<ProcessWaitCommand>());
  Add(process, "kill", "Send a signal to a process and its group",
      std::make_unique<ProcessKillCommand>());
  Add(process, "logs", "Print what a process wrote", std::make_unique<ProcessLogsCommand>());
  Add(process, "stdin", "Pipe standard input to a process",
      std::make_unique<ProcessStdinCommand>());
  Add(process, "delete", "Forget ended processes", std::make_unique<ProcessDeleteCommand>());
  Add(process, "config", "Show and change the limits of processes",
      std::make_unique<ProcessConfigCommand>());
}

void CommandLine::AddReplays() {
  CLI::App* replays = AddGroup("replays", "Record the screen of a headful browser");
  Add(replays, "start", "Begin a recording", std::make_unique<ReplaysStartCommand>());
  Add(replays, "stop", "End a recording", std::make_unique<ReplaysStopCommand>());
  Add(replays, "list", "List recordings", std::make_unique<ReplaysListCommand>());
  Add(replays, "download", "Fetch a recording as an MP4 file",
      std::make_unique<ReplaysDownloadCommand>());
  Add(replays, "delete", "Delete a recording", std::make_unique<ReplaysDeleteCommand>());
}

void CommandLine::AddFiles() {
  CLI::App* files = AddGroup("fs", "Work with files inside a browser's machine");
  Add(files, "ls", "List directories", std::make_unique<FsLsCommand>());
  Add(files, "stat", "Show all that is known of a file", std::make_unique<FsStatCommand>());
  Add(files, "cat", "Write a file to standard output", std::make_unique<FsCatCommand>());
  Add(files, "cp", "Copy files to and from this host", std::make_unique<FsCpCommand>());
  Add(files, "mv", "Rename or move a file", std::make_unique<FsMvCommand>());
  Add(files, "rm", "Delete files and directories", std::make_unique<FsRmCommand>());
  Add(files, "mkdir", "Create directories", std::make_unique<FsMkdirCommand>());
  Add(files, "chmod", "Set mode, owner and group", std::make_unique<FsChmodCommand>());
  Add(files, "watch", "Print changes as they happen", std::make_unique<FsWatchCommand>());
  Add(files, "zip", "Pack a directory, or unpack an archive", std::make_unique<FsZipCommand>());
}

void CommandLine::AddComputer() {
  CLI::App* computer = AddGroup("computer", "Use screen, mouse and keyboard of a headful browser");
  Add(computer, "click", "Click the mouse", std::make_unique<ComputerClickCommand>());
  Add(computer, "move", "Move the mouse", std::make_unique<ComputerMoveCommand>());
  Add(computer, "drag", "Move the mouse with a button down",
      std::make_unique<ComputerDragCommand>());
  Add(computer, "scroll", "Turn the mouse's wheel", std::make_unique<ComputerScrollCommand>());
  Add(computer, "type", "Type text", std::make_unique<ComputerTypeCommand>());
  Add(computer, "key", "Press keys", std::make_unique<ComputerKeyCommand>());
  Add(computer, "screenshot", "Save what the screen shows",
      std::make_unique<ComputerScreenshotCommand>());
  Add(computer, "clipboard", "Print or replace what is in the clipboard",
      std::make_unique<ComputerClipboardCommand>());
  Add(computer, "batch", "Do many of these at once", std::make_unique<ComputerBatchCommand>());
  CLI::App* playwright = AddGroup("playwright", "Run Playwright inside a browser's machine");
  Add(playwright, "run", "Run a script against the browser",
      std::make_unique<PlaywrightRunCommand>());
}

void CommandLine::AddPools() {
  CLI::App* pools = AddGroup("pools", "Keep browsers ready, acquire them and give them back");
  Add(pools, "create", "Create a pool and begin to fill it",
      std::make_unique<PoolsCreateCommand>());
  Add(pools, "list", "List pools, newest first", std::make_unique<PoolsListCommand>());
  Add(pools, "get", "Show one pool", std::make_unique<PoolsGetCommand>());
  Add(pools, "update", "Change a pool", std::make_unique<PoolsUpdateCommand>());
  Add(pools, "flush", "Delete a pool's idle browsers; it refills",
      std::make_unique<PoolsFlushCommand>());
  Add(pools, "delete", "Delete pools with their browsers", std::make_unique<PoolsDeleteCommand>());
  Add(pools, "acquire", "Take a browser out of a pool", std::make_unique<PoolsAcquireCommand>());
  Add(pools, "release", "Give a browser back", std::make_unique<PoolsReleaseCommand>());
  Add(pools, "watch", "Print a pool as it changes", std::make_unique<PoolsWatchCommand>());
}

void CommandLine::AddGlobalOptions() {
  app_.add_option("-t,--target", target_,
                  absl::StrCat("The daemon: HOST:PORT or unix:PATH (default ", kDefaultTarget, ")"))
      ->type_name("ADDRESS")
      ->envname("ORCHESTRATOR_TARGET");
  app_.add_option("-o,--output", format_, "How to print: table (default) or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json"}));
  app_.add_option(
          "--deadline", deadline_,
          "Give up a call after this long, such as 30s (default 60s; none for calls that wait "
          "for a browser or a process)")
      ->type_name("DURATION");
}

CLI::App* CommandLine::AddGroup(const std::string& name, const std::string& summary) {
  CLI::App* group = app_.add_subcommand(name, summary);
  group->require_subcommand(1);
  return group;
}

void CommandLine::Add(CLI::App* parent, const std::string& name, const std::string& summary,
                      std::unique_ptr<Command> command) {
  CLI::App* app = parent->add_subcommand(name, summary);
  command->Configure(*app);
  const std::string footer = app->get_footer();
  app->footer(absl::StrCat(footer, footer.empty() ? "" : "\n", kGlobalFooter));
  commands_[app] = std::move(command);
}

const CLI::App& CommandLine::Typed() const {
  const CLI::App* app = &app_;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

int CommandLine::Run(int argc, const char* const* argv) {
  // What follows "--" is the guest's and never looked at here.
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto separator = std::find(words.begin(), words.end(), "--");
  const bool has_guest_command = separator != words.end();
  std::vector<std::string> guest_command(has_guest_command ? separator + 1 : separator,
                                         words.end());
  words.erase(separator, words.end());
  // CLI11 takes the words last one first.
  std::reverse(words.begin(), words.end());
  try {
    app_.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app_.exit(error);
    }
    return UsageError(CommandPath(Typed()), error.what());
  }
  return RunTyped(has_guest_command, std::move(guest_command));
}

absl::StatusOr<Settings> CommandLine::MakeSettings(std::vector<std::string> guest_command) const {
  Settings settings;
  ORCH_ASSIGN_OR_RETURN(settings.target,
                        NormalizeTarget(target_.empty() ? kDefaultTarget : target_));
  settings.format = format_ == "json" ? OutputFormat::kJson : OutputFormat::kTable;
  if (!deadline_.empty()) {
    ORCH_ASSIGN_OR_RETURN(settings.deadline, ParseTimeout(deadline_));
  }
  settings.guest_command = std::move(guest_command);
  return settings;
}

int CommandLine::RunTyped(bool has_guest_command, std::vector<std::string> guest_command) {
  const std::string path = CommandPath(Typed());
  Command& command = *commands_.at(&Typed());
  if (command.TakesGuestCommand() && guest_command.empty()) {
    return UsageError(path, "the guest's command is missing: put it after --, such as -- uname -a");
  }
  if (!command.TakesGuestCommand() && has_guest_command) {
    return UsageError(path, "takes nothing after --");
  }
  absl::StatusOr<Settings> settings = MakeSettings(std::move(guest_command));
  if (!settings.ok()) return UsageError(path, settings.status().message());
  if (absl::Status status = command.Check(*settings); !status.ok()) {
    return UsageError(path, status.message());
  }
  Invocation invocation(*std::move(settings), path);
  const absl::StatusOr<int> exit_status = command.Run(invocation);
  if (exit_status.ok()) return *exit_status;
  invocation.Report(exit_status.status());
  return command.ErrorExit();
}

}  // namespace orch::ctl

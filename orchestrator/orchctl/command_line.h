#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// The tree of commands and the options that all share. Not thread-safe.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Parses a command line, runs its command and returns the exit status. Complaints went to
  // standard error. Call once.
  int Run(int argc, const char* const* argv);

  const CLI::App& app() const { return app_; }

 private:
  void AddGlobalOptions();
  void AddBrowsers();
  // What uses the screen, and Playwright.
  void AddComputer();
  void AddPools();
  void AddKeys();
  void AddTemplates();
  void AddProcess();
  void AddReplays();
  void AddFiles();
  CLI::App* AddGroup(const std::string& name, const std::string& summary);
  void Add(CLI::App* parent, const std::string& name, const std::string& summary,
           std::unique_ptr<Command> command);

  // The command that was typed, as parsed so far: the deepest subcommand.
  const CLI::App& Typed() const;
  absl::StatusOr<Settings> MakeSettings(std::vector<std::string> guest_command) const;
  int RunTyped(bool has_guest_command, std::vector<std::string> guest_command);

  CLI::App app_;
  std::map<const CLI::App*, std::unique_ptr<Command>> commands_;
  std::string target_;
  std::string format_ = "table";
  std::string deadline_;
};

// The words that lead to `app`, "browsers get", without the program's name.
std::string CommandPath(const CLI::App& app);

}  // namespace orch::ctl

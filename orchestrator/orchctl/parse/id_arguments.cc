#include "orchestrator/orchctl/parse/id_arguments.h"

#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {
namespace {

const CLI::Validator& IdValidator() {
  static const auto* const kValidator = new CLI::Validator(
      [](std::string& text) { return std::string(CheckId(text).message()); }, "", "id");
  return *kValidator;
}

}  // namespace

void AddSessionId(CLI::App& app, std::string& session_id) {
  app.add_option("ID", session_id, "Browser")->required()->type_name("")->check(IdValidator());
}

void AddSessionIds(CLI::App& app, std::vector<std::string>& session_ids) {
  app.add_option("ID", session_ids, "Browsers")->required()->type_name("")->check(IdValidator());
}

void AddProcessId(CLI::App& app, std::string& process_id) {
  app.add_option("PID", process_id, "Process: the id that spawn prints and ps shows")
      ->required()
      ->type_name("")
      ->check(IdValidator());
}

}  // namespace orch::ctl

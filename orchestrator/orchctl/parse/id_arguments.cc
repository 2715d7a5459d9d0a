#include "orchestrator/orchctl/parse/id_arguments.h"

#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {
namespace {

const CLI::Validator& IdValidator() {
  static const auto* const kValidator = new CLI::Validator(
      [](std::string& text) { return std::string(CheckId(text).message()); }, "", "id");
  return *kValidator;
}

const CLI::Validator& PoolValidator() {
  static const auto* const kValidator = new CLI::Validator(
      [](std::string& text) { return std::string(CheckPoolName(text).message()); }, "", "pool");
  return *kValidator;
}

}  // namespace

void AddSessionId(CLI::App& app, std::string& session_id) {
  app.add_option("ID", session_id, "Browser")->required()->type_name("")->check(IdValidator());
}

void AddSessionIds(CLI::App& app, std::vector<std::string>& session_ids) {
  app.add_option("ID", session_ids, "Browsers")->required()->type_name("")->check(IdValidator());
}

void AddPool(CLI::App& app, std::string& pool) {
  app.add_option("POOL", pool, "Pool: its id or name")
      ->required()
      ->type_name("")
      ->check(PoolValidator());
}

void AddPools(CLI::App& app, std::vector<std::string>& pools) {
  app.add_option("POOL", pools, "Pools: their ids or names")
      ->required()
      ->type_name("")
      ->check(PoolValidator());
}

void AddTemplateKey(CLI::App& app, std::string& key) {
  app.add_option("KEY", key, "Template: the key that list and browsers get show")
      ->required()
      ->type_name("")
      ->check(IdValidator());
}

void AddTemplateKeys(CLI::App& app, std::vector<std::string>& keys) {
  app.add_option("KEY", keys, "Templates")->required()->type_name("")->check(IdValidator());
}

void AddProcessId(CLI::App& app, std::string& process_id) {
  app.add_option("PID", process_id, "Process: the id that spawn prints and ps shows")
      ->required()
      ->type_name("")
      ->check(IdValidator());
}

void AddProcessIds(CLI::App& app, std::vector<std::string>& process_ids) {
  app.add_option("PID", process_ids, "Processes")->required()->type_name("")->check(IdValidator());
}

void AddReplayId(CLI::App& app, std::string& replay_id) {
  app.add_option("REPLAY", replay_id, "Replay: the id that start prints and list shows")
      ->required()
      ->type_name("")
      ->check(IdValidator());
}

}  // namespace orch::ctl

#pragma once

#include <string>
#include <vector>

#include "CLI/App.hpp"

// The arguments that name a browser ("ID") and a process in it ("PID"), alike in every command. The
// completion scripts know "ID" and offer browsers for it.
namespace orch::ctl {

void AddSessionId(CLI::App& app, std::string& session_id);
void AddSessionIds(CLI::App& app, std::vector<std::string>& session_ids);
// A pool by its id or name ("POOL"), of which the completion scripts know as well.
void AddPool(CLI::App& app, std::string& pool);
void AddPools(CLI::App& app, std::vector<std::string>& pools);
// A template ("KEY"), of which they know, too.
void AddTemplateKey(CLI::App& app, std::string& key);
void AddTemplateKeys(CLI::App& app, std::vector<std::string>& keys);
void AddProcessId(CLI::App& app, std::string& process_id);
void AddProcessIds(CLI::App& app, std::vector<std::string>& process_ids);
void AddReplayId(CLI::App& app, std::string& replay_id);

}  // namespace orch::ctl

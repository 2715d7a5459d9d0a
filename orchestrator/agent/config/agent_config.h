#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/agent/config/boot_options.h"
#include "orchestrator/agent/config/filesystem_config.h"
#include "orchestrator/agent/config/process_config.h"

namespace orch::agent {

enum class ReadyProbe { kStarted, kHttp, kUnixSocket };

// One program to keep running, for the boot options at hand.
struct ProgramConfig {
  std::string name;
  std::vector<std::string> argv;
  std::string user;
  std::map<std::string, std::string> env;
  // Names of programs that are in the same list.
  std::vector<std::string> after;
  ReadyProbe probe = ReadyProbe::kStarted;
  // kHttp: port on 127.0.0.1, and path. kUnixSocket: the socket's path.
  uint16_t probe_port = 0;
  std::string probe_path;
};

// /etc/orchestrator/agent.toml, see agent.example.toml beside this folder, as it applies to this
// boot.
struct AgentConfig {
  std::string default_user;
  FileSystemConfig filesystem;
  ProcessConfig process;
  // Runs the scripts of PlaywrightService; empty: there is none.
  std::vector<std::string> playwright_command;
  // Each after those it waits for.
  std::vector<ProgramConfig> programs;
};

// Where the Chromium among `programs` serves DevTools: the port of the program whose ready_http
// asks for /json/version. Nothing when there is none.
std::optional<uint16_t> DevToolsPort(const std::vector<ProgramConfig>& programs);

// Largest config that is read.
inline constexpr size_t kMaxConfigBytes = 64 * 1024;

// Parses the file's text and resolves modes and variables by `options`.
// INVALID_ARGUMENT: not TOML, an unknown key, a missing or malformed value, an unknown or circular
// `after`; the message names the program and key.
absl::StatusOr<AgentConfig> ParseAgentConfig(absl::string_view toml, const BootOptions& options);

}  // namespace orch::agent

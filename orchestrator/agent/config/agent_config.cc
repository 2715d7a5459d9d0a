#include "orchestrator/agent/config/agent_config.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "toml++/toml.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxPrograms = 32;
constexpr size_t kMaxNameBytes = 32;
// sockaddr_un holds 108 bytes with the final NUL.
constexpr size_t kMaxSocketPathBytes = 107;
// The largest limits of [filesystem]: what a guest can bear.
constexpr int64_t kMaxStreams = 128;
constexpr int64_t kMaxArchiveEntries = 10'000'000;
constexpr int64_t kMaxArchiveBytes = int64_t{1} << 50;
// The kernel has 128 inotify instances for a user.
constexpr int64_t kMaxWatches = 100;
constexpr int64_t kMaxWatchedDirectories = 65536;

absl::Status Invalid(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, " ", what));
}

absl::Status CheckKeys(const toml::table& table, absl::string_view where,
                       std::initializer_list<absl::string_view> known) {
  for (const auto& [key, value] : table) {
    const absl::string_view name(key.str().data(), key.str().size());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Invalid(where, absl::StrCat("has the unknown key \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

// The strings of array `key`; empty when it is absent.
absl::StatusOr<std::vector<std::string>> Strings(const toml::table& table, absl::string_view where,
                                                 const char* key) {
  std::vector<std::string> strings;
  const toml::node* node = table.get(key);
  if (node == nullptr) return strings;
  if (!node->is_array()) return Invalid(where, absl::StrCat(key, " must be an array of strings"));
  for (const toml::node& element : *node->as_array()) {
    std::optional<std::string> text = element.value_exact<std::string>();
    if (!text) return Invalid(where, absl::StrCat(key, " must be an array of strings"));
    strings.push_back(*std::move(text));
  }
  return strings;
}

// The string `key`, or nothing when it is absent.
absl::StatusOr<std::optional<std::string>> String(const toml::table& table, absl::string_view where,
                                                  const char* key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  std::optional<std::string> text = node->value_exact<std::string>();
  if (!text || text->empty())
    return Invalid(where, absl::StrCat(key, " must be a string, not empty"));
  return text;
}

// Sets `value` to the integer `key`; leaves it when that is absent.
template <typename Integer>
absl::Status SetInteger(const toml::table& table, absl::string_view where, const char* key,
                        int64_t max, Integer& value, int64_t min = 1) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return absl::OkStatus();
  const std::optional<int64_t> number = node->value_exact<int64_t>();
  if (!number || *number < min || *number > max) {
    return Invalid(where, absl::StrCat(key, " must be an integer of ", min, "..", max));
  }
  value = static_cast<Integer>(*number);
  return absl::OkStatus();
}

// The same with whole seconds.
absl::Status SetSeconds(const toml::table& table, absl::string_view where, const char* key,
                        absl::Duration max, absl::Duration& value) {
  int64_t seconds = 0;
  ORCH_RETURN_IF_ERROR(SetInteger(table, where, key, absl::ToInt64Seconds(max), seconds));
  if (seconds != 0) value = absl::Seconds(seconds);
  return absl::OkStatus();
}

absl::StatusOr<ProcessConfig> ParseProcess(const toml::table& config) {
  constexpr char kWhere[] = "process";
  ProcessConfig process;
  const toml::node* node = config.get(kWhere);
  if (node == nullptr) return process;
  if (!node->is_table()) return Invalid("config", "process must be a table");
  const toml::table& table = *node->as_table();
  ORCH_RETURN_IF_ERROR(
      CheckKeys(table, kWhere,
                {"max_concurrent", "max_queued", "default_exec_timeout_seconds",
                 "max_timeout_seconds", "default_output_bytes", "max_log_bytes", "max_input_bytes",
                 "ended_record_age_seconds", "max_ended_records", "max_ended_output_bytes"}));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "max_concurrent", kMostConcurrentProcesses,
                                  process.max_concurrent));
  ORCH_RETURN_IF_ERROR(
      SetInteger(table, kWhere, "max_queued", kMostQueuedProcesses, process.max_queued, 0));
  ORCH_RETURN_IF_ERROR(SetSeconds(table, kWhere, "default_exec_timeout_seconds",
                                  kMostProcessTimeout, process.default_exec_timeout));
  ORCH_RETURN_IF_ERROR(
      SetSeconds(table, kWhere, "max_timeout_seconds", kMostProcessTimeout, process.max_timeout));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "default_output_bytes", kMostExecOutputBytes,
                                  process.default_output_bytes));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "max_log_bytes", kMostLogBytes,
                                  process.max_log_bytes, kLeastLogBytes));
  ORCH_RETURN_IF_ERROR(
      SetInteger(table, kWhere, "max_input_bytes", kMostInputBytes, process.max_input_bytes));
  ORCH_RETURN_IF_ERROR(SetSeconds(table, kWhere, "ended_record_age_seconds", kMostRecordAge,
                                  process.ended_record_age));
  ORCH_RETURN_IF_ERROR(
      SetInteger(table, kWhere, "max_ended_records", kMostEndedRecords, process.max_ended_records));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "max_ended_output_bytes", kMostEndedOutputBytes,
                                  process.max_ended_output_bytes, 0));
  return process;
}

absl::StatusOr<FileSystemConfig> ParseFileSystem(const toml::table& config) {
  constexpr char kWhere[] = "filesystem";
  FileSystemConfig filesystem;
  const toml::node* node = config.get(kWhere);
  if (node == nullptr) return filesystem;
  if (!node->is_table()) return Invalid("config", "filesystem must be a table");
  const toml::table& table = *node->as_table();
  ORCH_RETURN_IF_ERROR(CheckKeys(table, kWhere,
                                 {"max_streams", "archive_max_entries", "archive_max_bytes",
                                  "max_watches", "watch_max_directories"}));
  ORCH_RETURN_IF_ERROR(
      SetInteger(table, kWhere, "max_streams", kMaxStreams, filesystem.max_streams));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "archive_max_entries", kMaxArchiveEntries,
                                  filesystem.archive_max_entries));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "archive_max_bytes", kMaxArchiveBytes,
                                  filesystem.archive_max_bytes));
  ORCH_RETURN_IF_ERROR(
      SetInteger(table, kWhere, "max_watches", kMaxWatches, filesystem.max_watches));
  ORCH_RETURN_IF_ERROR(SetInteger(table, kWhere, "watch_max_directories", kMaxWatchedDirectories,
                                  filesystem.watch_max_directories));
  return filesystem;
}

absl::StatusOr<std::vector<std::string>> ParsePlaywright(const toml::table& config) {
  constexpr char kWhere[] = "playwright";
  const toml::node* node = config.get(kWhere);
  if (node == nullptr) return std::vector<std::string>();
  if (!node->is_table()) return Invalid("config", "playwright must be a table");
  ORCH_RETURN_IF_ERROR(CheckKeys(*node->as_table(), kWhere, {"command"}));
  ORCH_ASSIGN_OR_RETURN(std::vector<std::string> command,
                        Strings(*node->as_table(), kWhere, "command"));
  if (command.empty() || command[0].empty()) return Invalid(kWhere, "command must name a program");
  return command;
}

absl::Status AppendArguments(const toml::table& table, absl::string_view where, const char* key,
                             const BootOptions& options, std::vector<std::string>& argv) {
  ORCH_ASSIGN_OR_RETURN(std::vector<std::string> arguments, Strings(table, where, key));
  for (std::string& argument : arguments) {
    absl::StrReplaceAll({{"${width}", absl::StrCat(options.viewport_width)},
                         {"${height}", absl::StrCat(options.viewport_height)}},
                        &argument);
    if (absl::StrContains(argument, "${")) {
      return Invalid(where, absl::StrCat(key, " has an unknown variable in \"", argument,
                                         "\"; ${width} and ${height} are known"));
    }
    argv.push_back(std::move(argument));
  }
  return absl::OkStatus();
}

absl::Status ParseCommand(const toml::table& table, absl::string_view where,
                          const BootOptions& options, ProgramConfig& program) {
  ORCH_RETURN_IF_ERROR(AppendArguments(table, where, "command", options, program.argv));
  if (program.argv.empty() || program.argv[0].empty()) {
    return Invalid(where, "command must name a program");
  }
  std::vector<std::string> ignored;
  ORCH_RETURN_IF_ERROR(AppendArguments(table, where, "headful_args", options,
                                       options.headful ? program.argv : ignored));
  ORCH_RETURN_IF_ERROR(AppendArguments(table, where, "headless_args", options,
                                       options.headful ? ignored : program.argv));
  return AppendArguments(table, where, "kiosk_args", options,
                         options.kiosk ? program.argv : ignored);
}

absl::Status ParseEnvironment(const toml::table& table, absl::string_view where,
                              ProgramConfig& program) {
  const toml::node* node = table.get("env");
  if (node == nullptr) return absl::OkStatus();
  if (!node->is_table()) return Invalid(where, "env must be a table of strings");
  for (const auto& [key, value] : *node->as_table()) {
    std::optional<std::string> text = value.value_exact<std::string>();
    const std::string name(key.str());
    if (!text) return Invalid(where, absl::StrCat("env.", name, " must be a string"));
    if (name.empty() || absl::StrContains(name, '=')) {
      return Invalid(where, absl::StrCat("env has the name \"", name, "\"; it must not be empty ",
                                         "nor have a '='"));
    }
    program.env[name] = *std::move(text);
  }
  return absl::OkStatus();
}

absl::Status ParseHttpProbe(absl::string_view url, absl::string_view where,
                            ProgramConfig& program) {
  absl::string_view rest = url;
  uint32_t port = 0;
  if (absl::ConsumePrefix(&rest, "http://127.0.0.1:")) {
    const size_t slash = rest.find('/');
    if (slash != absl::string_view::npos && absl::SimpleAtoi(rest.substr(0, slash), &port) &&
        port >= 1 && port <= 65535 &&
        std::all_of(rest.begin(), rest.end(), [](char c) { return absl::ascii_isgraph(c); })) {
      program.probe = ReadyProbe::kHttp;
      program.probe_port = static_cast<uint16_t>(port);
      program.probe_path = std::string(rest.substr(slash));
      return absl::OkStatus();
    }
  }
  return Invalid(where,
                 absl::StrCat("ready_http \"", url, "\" must be http://127.0.0.1:PORT/PATH"));
}

absl::Status ParseProbe(const toml::table& table, absl::string_view where, ProgramConfig& program) {
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> http, String(table, where, "ready_http"));
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> socket, String(table, where, "ready_unix"));
  if (http && socket) return Invalid(where, "has both ready_http and ready_unix; keep one");
  if (http) return ParseHttpProbe(*http, where, program);
  if (!socket) return absl::OkStatus();
  if (!absl::StartsWith(*socket, "/") || socket->size() > kMaxSocketPathBytes) {
    return Invalid(where, absl::StrCat("ready_unix must be an absolute path of at most ",
                                       kMaxSocketPathBytes, " bytes"));
  }
  program.probe = ReadyProbe::kUnixSocket;
  program.probe_path = *std::move(socket);
  return absl::OkStatus();
}

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

// The program, or nothing when it does not run in this mode. `names` collects the names of all
// programs.
absl::StatusOr<std::optional<ProgramConfig>> ParseProgram(const toml::table& table, size_t index,
                                                          const AgentConfig& config,
                                                          const BootOptions& options,
                                                          std::set<std::string>& names) {
  std::string where = absl::StrCat("program ", index + 1);
  ORCH_RETURN_IF_ERROR(CheckKeys(table, where,
                                 {"name", "command", "headful_args", "headless_args", "kiosk_args",
                                  "user", "env", "when", "after", "ready_http", "ready_unix"}));
  ProgramConfig program;
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> name, String(table, where, "name"));
  program.name = name.value_or("");
  if (!IsName(program.name)) {
    return Invalid(where, absl::StrCat("name must be 1..", kMaxNameBytes, " characters [a-z0-9-]"));
  }
  where = absl::StrCat("program \"", program.name, "\"");
  if (!names.insert(program.name).second) return Invalid(where, "is there twice");
  ORCH_RETURN_IF_ERROR(ParseCommand(table, where, options, program));
  ORCH_RETURN_IF_ERROR(ParseEnvironment(table, where, program));
  ORCH_RETURN_IF_ERROR(ParseProbe(table, where, program));
  ORCH_ASSIGN_OR_RETURN(program.after, Strings(table, where, "after"));
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> user, String(table, where, "user"));
  program.user = user.value_or(config.default_user);
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> when, String(table, where, "when"));
  const std::string mode = when.value_or("always");
  if (mode != "always" && mode != "headful" && mode != "headless") {
    return Invalid(where,
                   absl::StrCat("when is \"", mode, "\"; it takes always, headful, headless"));
  }
  const bool runs = mode == "always" || (mode == "headful") == options.headful;
  return runs ? std::make_optional(std::move(program)) : std::nullopt;
}

// Puts every program after those it waits for; names that do not run in this mode are dropped from
// `after`.
absl::StatusOr<std::vector<ProgramConfig>> Order(std::vector<ProgramConfig> programs,
                                                 const std::set<std::string>& names) {
  std::set<std::string> running;
  for (const ProgramConfig& program : programs) running.insert(program.name);
  for (ProgramConfig& program : programs) {
    for (const std::string& other : program.after) {
      if (names.count(other) == 0) {
        return Invalid(absl::StrCat("program \"", program.name, "\""),
                       absl::StrCat("after names the unknown program \"", other, "\""));
      }
    }
    std::erase_if(program.after, [&](const std::string& other) { return !running.count(other); });
  }
  std::vector<ProgramConfig> ordered;
  std::set<std::string> placed;
  while (!programs.empty()) {
    const auto next = std::find_if(programs.begin(), programs.end(), [&](const ProgramConfig& p) {
      return std::all_of(p.after.begin(), p.after.end(),
                         [&](const std::string& other) { return placed.count(other) > 0; });
    });
    if (next == programs.end()) {
      return Invalid(absl::StrCat("program \"", programs.front().name, "\""),
                     "waits for itself by a circle of after");
    }
    placed.insert(next->name);
    ordered.push_back(std::move(*next));
    programs.erase(next);
  }
  return ordered;
}

}  // namespace

absl::StatusOr<AgentConfig> ParseAgentConfig(absl::string_view text, const BootOptions& options) {
  if (text.size() > kMaxConfigBytes) {
    return Invalid("config", absl::StrCat("is larger than ", kMaxConfigBytes, " bytes"));
  }
  const toml::parse_result result = toml::parse(std::string_view(text.data(), text.size()));
  if (!result) {
    const toml::parse_error& error = result.error();
    return Invalid("config", absl::StrCat("is not TOML, line ", error.source().begin.line, ": ",
                                          std::string(error.description())));
  }
  const toml::table& table = result.table();
  ORCH_RETURN_IF_ERROR(CheckKeys(
      table, "config", {"default_user", "filesystem", "playwright", "process", "program"}));
  AgentConfig config;
  ORCH_ASSIGN_OR_RETURN(std::optional<std::string> user, String(table, "config", "default_user"));
  if (!user) return Invalid("config", "needs default_user");
  config.default_user = *std::move(user);
  ORCH_ASSIGN_OR_RETURN(config.filesystem, ParseFileSystem(table));
  ORCH_ASSIGN_OR_RETURN(config.process, ParseProcess(table));
  ORCH_ASSIGN_OR_RETURN(config.playwright_command, ParsePlaywright(table));

  const toml::node* programs = table.get("program");
  if (programs == nullptr) return config;
  if (!programs->is_array_of_tables())
    return Invalid("config", "program must be [[program]] tables");
  const toml::array& array = *programs->as_array();
  if (array.size() > kMaxPrograms) {
    return Invalid("config", absl::StrCat("has more than ", kMaxPrograms, " programs"));
  }
  std::set<std::string> names;
  for (size_t i = 0; i < array.size(); ++i) {
    ORCH_ASSIGN_OR_RETURN(std::optional<ProgramConfig> program,
                          ParseProgram(*array[i].as_table(), i, config, options, names));
    if (program) config.programs.push_back(*std::move(program));
  }
  ORCH_ASSIGN_OR_RETURN(config.programs, Order(std::move(config.programs), names));
  return config;
}

std::optional<uint16_t> DevToolsPort(const std::vector<ProgramConfig>& programs) {
  for (const ProgramConfig& program : programs) {
    if (program.probe == ReadyProbe::kHttp && program.probe_path == "/json/version") {
      return program.probe_port;
    }
  }
  return std::nullopt;
}

}  // namespace orch::agent

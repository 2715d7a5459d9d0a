#include "orchestrator/agent/child/base_environment.h"

#include "absl/strings/str_cat.h"

namespace orch::agent {

std::vector<std::string> BaseEnvironment(const User& user, bool headful,
                                         const std::map<std::string, std::string>& overrides) {
  std::map<std::string, std::string> environment = overrides;
  // insert() keeps what is there.
  environment.insert({
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", user.home.empty() ? "/" : user.home},
      {"USER", user.name},
      {"LOGNAME", user.name},
      {"SHELL", user.shell.empty() ? "/bin/sh" : user.shell},
      {"LANG", "C.UTF-8"},
      {"TERM", "xterm-256color"},
  });
  if (headful) environment.insert({"DISPLAY", ":0"});
  std::vector<std::string> lines;
  lines.reserve(environment.size());
  for (const auto& [name, value] : environment) lines.push_back(absl::StrCat(name, "=", value));
  return lines;
}

}  // namespace orch::agent

#include "orchestrator/agent/process/resolve_process_spec.h"

#include <sys/stat.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "orchestrator/agent/child/base_environment.h"
#include "orchestrator/agent/config/process_config.h"
#include "orchestrator/agent/rpc/duration_field.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// The limits that process.proto promises.
constexpr size_t kMaxCommandBytes = 4096;
constexpr int kMaxArgs = 1024;
constexpr size_t kMaxTotalBytes = 128 * 1024;
constexpr size_t kMaxCwdBytes = 4096;
// A passwd file may have longer names, but nothing that writes it makes them.
constexpr size_t kMaxUserBytes = 256;
constexpr uint64_t kMinMemoryBytes = 1024 * 1024;
constexpr uint32_t kMinCpuMillis = 10;
constexpr uint32_t kMaxCpuMillis = 1'000'000;
constexpr char kShell[] = "/bin/sh";

bool HasNul(absl::string_view text) { return absl::StrContains(text, '\0'); }

absl::Status CheckArguments(const guest::v1::ProcessSpec& spec) {
  const size_t max_command_bytes = spec.shell() ? kMaxTotalBytes : kMaxCommandBytes;
  if (spec.command().empty() || spec.command().size() > max_command_bytes ||
      HasNul(spec.command())) {
    return absl::InvalidArgumentError(
        absl::StrCat("spec.command must be 1..", max_command_bytes, " bytes without NUL"));
  }
  if (spec.args_size() > kMaxArgs) {
    return absl::InvalidArgumentError(absl::StrCat(
        "spec.args has ", spec.args_size(), " arguments; at most ", kMaxArgs, " are allowed"));
  }
  size_t total = spec.command().size();
  for (int i = 0; i < spec.args_size(); ++i) {
    if (HasNul(spec.args(i))) {
      return absl::InvalidArgumentError(absl::StrCat("spec.args[", i, "] has a NUL byte"));
    }
    total += spec.args(i).size();
  }
  for (const auto& [name, value] : spec.env()) {
    if (name.empty() || absl::StrContains(name, '=') || HasNul(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("spec.env has the name ", Quoted(name),
                       "; a name must not be empty and has neither '=' nor NUL"));
    }
    if (HasNul(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("spec.env[", Quoted(name), "] has a NUL byte"));
    }
    total += name.size() + value.size();
  }
  if (total > kMaxTotalBytes) {
    return absl::InvalidArgumentError(absl::StrCat("spec.command, spec.args and spec.env are ",
                                                   total, " bytes together; at most ",
                                                   kMaxTotalBytes, " are allowed"));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> ResolveTimeout(const guest::v1::ProcessSpec& spec,
                                              const TimeoutLimits& timeouts) {
  if (!spec.has_timeout()) return timeouts.when_absent;
  return DurationField("spec.timeout", spec.timeout(), kLeastProcessTimeout, timeouts.max);
}

absl::StatusOr<CgroupLimits> ResolveLimits(const guest::v1::ProcessLimits& limits) {
  if (limits.memory_bytes() != 0 && limits.memory_bytes() < kMinMemoryBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("spec.limits.memory_bytes is ", limits.memory_bytes(),
                     "; it must be 0, which is no limit, or at least ", kMinMemoryBytes));
  }
  if (limits.cpu_millis() != 0 &&
      (limits.cpu_millis() < kMinCpuMillis || limits.cpu_millis() > kMaxCpuMillis)) {
    return absl::InvalidArgumentError(
        absl::StrCat("spec.limits.cpu_millis is ", limits.cpu_millis(),
                     "; it must be 0, which is no limit, or ", kMinCpuMillis, "..", kMaxCpuMillis));
  }
  return CgroupLimits{limits.memory_bytes(), limits.cpu_millis()};
}

// With `shell`, the arguments are $1 and so on.
std::vector<std::string> ResolveArguments(const guest::v1::ProcessSpec& spec) {
  std::vector<std::string> argv;
  if (spec.shell()) {
    argv = {kShell, "-c", spec.command(), kShell};
  } else {
    argv = {spec.command()};
  }
  argv.insert(argv.end(), spec.args().begin(), spec.args().end());
  return argv;
}

absl::StatusOr<User> ResolveUser(const guest::v1::ProcessSpec& spec, const UserDatabase& users,
                                 const ProcessDefaults& defaults) {
  if (spec.as_user().size() > kMaxUserBytes) {
    return absl::InvalidArgumentError(absl::StrCat("spec.as_user is ", spec.as_user().size(),
                                                   " bytes; at most ", kMaxUserBytes,
                                                   " are allowed"));
  }
  if (spec.as_root()) {
    if (!spec.as_user().empty()) {
      return absl::InvalidArgumentError("spec.as_root and spec.as_user exclude each other");
    }
    absl::StatusOr<User> root = users.Find("root");
    if (root.ok()) return root;
    // An image without /etc/passwd has root all the same.
    return User{.name = "root", .groups = {0}, .home = "/root", .shell = "/bin/sh"};
  }
  const std::string& name = spec.as_user().empty() ? defaults.user : spec.as_user();
  absl::StatusOr<User> user = users.Find(name);
  if (absl::IsNotFound(user.status())) {
    return absl::InvalidArgumentError(absl::StrCat("spec.as_user: ", user.status().message()));
  }
  return user;
}

bool IsDirectory(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

absl::StatusOr<std::string> ResolveCwd(const guest::v1::ProcessSpec& spec, const User& user) {
  if (spec.cwd().empty()) return IsDirectory(user.home) ? user.home : "/";
  if (spec.cwd().front() != '/' || spec.cwd().size() > kMaxCwdBytes || HasNul(spec.cwd())) {
    return absl::InvalidArgumentError(absl::StrCat("spec.cwd must be an absolute path of at most ",
                                                   kMaxCwdBytes, " bytes without NUL"));
  }
  return spec.cwd();
}

}  // namespace

absl::StatusOr<ResolvedProcess> ResolveProcessSpec(const guest::v1::ProcessSpec& spec,
                                                   const UserDatabase& users,
                                                   const ProcessDefaults& defaults,
                                                   const TimeoutLimits& timeouts) {
  ORCH_RETURN_IF_ERROR(CheckArguments(spec));
  ResolvedProcess resolved;
  ORCH_ASSIGN_OR_RETURN(resolved.timeout, ResolveTimeout(spec, timeouts));
  ORCH_ASSIGN_OR_RETURN(resolved.limits, ResolveLimits(spec.limits()));
  ORCH_ASSIGN_OR_RETURN(resolved.child.user, ResolveUser(spec, users, defaults));
  ORCH_ASSIGN_OR_RETURN(resolved.child.cwd, ResolveCwd(spec, resolved.child.user));
  resolved.child.argv = ResolveArguments(spec);
  resolved.child.env =
      BaseEnvironment(resolved.child.user, defaults.headful,
                      std::map<std::string, std::string>(spec.env().begin(), spec.env().end()));
  return resolved;
}

}  // namespace orch::agent

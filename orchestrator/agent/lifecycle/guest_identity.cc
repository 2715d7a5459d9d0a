#include "orchestrator/agent/lifecycle/guest_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxHostsBytes = 64 * 1024;
constexpr absl::string_view kBlanks = " \t";

absl::Status Failed(absl::string_view what, absl::string_view path) {
  return absl::InternalError(absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

// As WriteFileAtomically, but without sync: a disk that ends with its guest needs none, and it
// would be most of the time.
absl::Status Replace(const std::string& path, absl::string_view contents) {
  const std::string temporary = absl::StrCat(path, ".new");
  // What an earlier guest left in the place must not be followed or kept.
  if (std::remove(temporary.c_str()) != 0 && errno != ENOENT) return Failed("remove", temporary);
  const UniqueFd file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.valid()) return Failed("create", temporary);
  const ssize_t written = ::write(file.get(), contents.data(), contents.size());
  if (written != static_cast<ssize_t>(contents.size())) {
    const absl::Status failed = Failed("write", temporary);
    ::unlink(temporary.c_str());
    return failed;
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const absl::Status failed = Failed("replace", path);
    ::unlink(temporary.c_str());
    return failed;
  }
  return absl::OkStatus();
}

bool IsRegularFile(const std::string& path) {
  struct stat file;
  return ::lstat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode);
}

void AppendRenamed(absl::string_view line, absl::string_view from, absl::string_view to,
                   std::string& text) {
  const size_t end = std::min(line.find('#'), line.size());
  size_t at = 0;
  bool address = true;
  while (at < end) {
    const size_t word = std::min(line.find_first_not_of(kBlanks, at), end);
    absl::StrAppend(&text, line.substr(at, word - at));
    at = std::min(line.find_first_of(kBlanks, word), end);
    const absl::string_view name = line.substr(word, at - word);
    absl::StrAppend(&text, !address && name == from ? to : name);
    address = false;
  }
  absl::StrAppend(&text, line.substr(end));
}

}  // namespace

std::string WithHostRenamed(absl::string_view hosts, absl::string_view from, absl::string_view to) {
  std::string text;
  while (!hosts.empty()) {
    const size_t newline = hosts.find('\n');
    const absl::string_view line = hosts.substr(0, newline);
    AppendRenamed(line, from, to, text);
    if (newline == absl::string_view::npos) break;
    text.push_back('\n');
    hosts.remove_prefix(newline + 1);
  }
  return text;
}

GuestIdentity::GuestIdentity(Options options) : options_(std::move(options)) {}

std::string GuestIdentity::Path(absl::string_view path) const {
  return absl::StrCat(options_.root, path);
}

absl::Status GuestIdentity::SetMachineId(absl::string_view id) {
  const std::string line = absl::StrCat(id, "\n");
  ORCH_RETURN_IF_ERROR(Replace(Path("/etc/machine-id"), line));
  // Debian makes it a link to the one above; then there is nothing to do.
  const std::string dbus = Path("/var/lib/dbus/machine-id");
  return IsRegularFile(dbus) ? Replace(dbus, line) : absl::OkStatus();
}

absl::Status GuestIdentity::SetHostname(const std::string& name) {
  const std::string old_name = options_.hostname();
  ORCH_RETURN_IF_ERROR(RenameInHosts(old_name, name));
  ORCH_RETURN_IF_ERROR(Replace(Path("/etc/hostname"), absl::StrCat(name, "\n")));
  return options_.set_hostname(name);
}

absl::Status GuestIdentity::RenameInHosts(absl::string_view from, absl::string_view to) const {
  if (from == to) return absl::OkStatus();
  const std::string path = Path("/etc/hosts");
  const absl::StatusOr<std::string> hosts = ReadFile(path, kMaxHostsBytes);
  if (!hosts.ok()) {
    // The guest's own doing: nothing that a host name could help.
    if (!absl::IsNotFound(hosts.status())) {
      Log(LogLevel::kWarning, "hosts_file_unusable", {{"status", hosts.status()}});
    }
    return absl::OkStatus();
  }
  const std::string renamed = WithHostRenamed(*hosts, from, to);
  return renamed == *hosts ? absl::OkStatus() : Replace(path, renamed);
}

}  // namespace orch::agent

#include "orchestrator/agent/filesystem/scoped_identity.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr auto kUnchanged = static_cast<unsigned>(-1);

__user_cap_header_struct CapabilityHeader() {
  return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

absl::Status Failed(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("cannot ", what, ": ", absl::ErrnoToStatus(errno, "").message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ScopedIdentity>> ScopedIdentity::Assume(const User& user,
                                                                       Reach reach) {
  auto identity = absl::WrapUnique(new ScopedIdentity);
  identity->uid_ = ::geteuid();
  identity->gid_ = ::getegid();
  const long groups = ::syscall(SYS_getgroups, 0, nullptr);
  if (groups > 0) {
    identity->groups_.resize(static_cast<size_t>(groups));
    ::syscall(SYS_getgroups, groups, identity->groups_.data());
  }
  __user_cap_header_struct header = CapabilityHeader();
  if (::syscall(SYS_capget, &header, identity->capabilities_) != 0) {
    return Failed("read the capabilities of a thread");
  }
  // On failure, the destructor undoes what was done.
  ORCH_RETURN_IF_ERROR(identity->Change(user, reach));
  return identity;
}

absl::Status ScopedIdentity::Change(const User& user, Reach reach) {
  if (::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0) {
    return Failed("set the groups of a thread");
  }
  if (::syscall(SYS_setresgid, kUnchanged, user.gid, kUnchanged) != 0) {
    return Failed("set the group of a thread");
  }
  // Drops the effective capabilities, unless the user is root.
  if (::syscall(SYS_setresuid, kUnchanged, user.uid, kUnchanged) != 0) {
    return Failed("set the user of a thread");
  }
  if (reach == Reach::kUser) return absl::OkStatus();
  __user_cap_header_struct header = CapabilityHeader();
  if (::syscall(SYS_capset, &header, capabilities_) != 0) {
    return Failed("keep the capabilities of a thread");
  }
  return absl::OkStatus();
}

ScopedIdentity::~ScopedIdentity() {
  __user_cap_header_struct header = CapabilityHeader();
  if (::syscall(SYS_setresuid, kUnchanged, uid_, kUnchanged) != 0 ||
      ::syscall(SYS_setresgid, kUnchanged, gid_, kUnchanged) != 0 ||
      ::syscall(SYS_setgroups, groups_.size(), groups_.data()) != 0 ||
      ::syscall(SYS_capset, &header, capabilities_) != 0) {
    Log(LogLevel::kError, "identity_lost", {{"errno", errno}});
    std::abort();
  }
}

}  // namespace orch::agent

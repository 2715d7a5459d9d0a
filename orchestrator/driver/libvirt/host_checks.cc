#include "orchestrator/driver/libvirt/host_checks.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr uint64_t kOldestLibvirt = 9'000'000;
// Loading a state without ending the process when that fails: migrate-incoming's exit-on-error.
constexpr uint64_t kOldestQemu = 9'001'000;

// The longest path that libvirt puts below its root: a machine's number in its directory's name
// grows as long as machines exist, the machine's name is cut to 20 characters.
constexpr char kLongestSocket[] = "/lib/qemu/domain-9999999-xxxxxxxxxxxxxxxxxxxx/monitor.sock";
constexpr size_t kMaxEmbedRootBytes = sizeof(sockaddr_un::sun_path) - sizeof(kLongestSocket);

constexpr size_t kMaxOwnerBytes = 1024;
constexpr size_t kAccountBufferBytes = 16384;
constexpr int kMaxGroups = 256;

// Which of the three sets of rwx bits holds for one with these ids.
mode_t RightsOf(const struct stat& stat, uid_t uid, const std::vector<gid_t>& groups) {
  if (uid == 0) return 07;
  if (stat.st_uid == uid) return (stat.st_mode >> 6) & 07;
  if (std::find(groups.begin(), groups.end(), stat.st_gid) != groups.end()) {
    return (stat.st_mode >> 3) & 07;
  }
  return stat.st_mode & 07;
}

std::vector<gid_t> GroupsOf(const std::string& user, gid_t primary) {
  std::vector<gid_t> groups(kMaxGroups);
  int count = kMaxGroups;
  if (::getgrouplist(user.c_str(), primary, groups.data(), &count) < 0) return {primary};
  groups.resize(static_cast<size_t>(count));
  return groups;
}

}  // namespace

std::string FormatVersion(uint64_t version) {
  return absl::StrCat(version / 1'000'000, ".", version / 1'000 % 1'000, ".", version % 1'000);
}

absl::Status CheckVersions(uint64_t libvirt_version, uint64_t qemu_version) {
  if (libvirt_version < kOldestLibvirt) {
    return absl::FailedPreconditionError(absl::StrCat("libvirt is ", FormatVersion(libvirt_version),
                                                      ", at least ", FormatVersion(kOldestLibvirt),
                                                      " is needed: upgrade libvirt"));
  }
  if (qemu_version < kOldestQemu) {
    return absl::FailedPreconditionError(absl::StrCat(
        "QEMU is ", FormatVersion(qemu_version), ", at least ", FormatVersion(kOldestQemu),
        " is needed: upgrade QEMU, on Debian 12 from bookworm-backports"));
  }
  return absl::OkStatus();
}

absl::Status CheckEmbedRootPath(const std::string& root) {
  if (!absl::StartsWith(root, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("libvirt root '", root, "' must be an absolute path"));
  }
  for (const char c : root) {
    // The path becomes part of a URI and of a configuration file, neither of which we want to quote
    // for.
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && !absl::StrContains("/._-", c)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "libvirt root '", root, "' may have letters, digits and the characters / . _ - only"));
    }
  }
  if (root.size() > kMaxEmbedRootBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "libvirt root ", root, " has ", root.size(), " bytes, at most ", kMaxEmbedRootBytes,
        " leave room for unix sockets below it; use a shorter state directory"));
  }
  return absl::OkStatus();
}

absl::Status CheckOwner(const std::string& owner) {
  if (owner.empty() || owner.size() > kMaxOwnerBytes) {
    return absl::InvalidArgumentError(absl::StrCat("owner has ", owner.size(),
                                                   " bytes, must have 1 to ", kMaxOwnerBytes,
                                                   "; use a shorter state directory"));
  }
  for (const char c : owner) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError(
          absl::StrCat("owner '", absl::CHexEscape(owner),
                       "' may have printable ASCII characters only; use another state directory"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<VmUser> FindVmUser(const std::string& name) {
  std::array<char, kAccountBufferBytes> buffer;
  struct passwd account = {};
  struct passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &account, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("there is no user ", name, " for virtual machines to run as",
                     error == 0 ? "" : absl::StrCat(" (error ", error, ")"),
                     "; install libvirt's QEMU driver or name another user"));
  }
  VmUser user{.user = name,
              .ids = {.uid = account.pw_uid, .gid = account.pw_gid},
              .groups = GroupsOf(name, account.pw_gid)};
  struct group entry = {};
  struct group* group = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &group);
  if (group != nullptr) user.ids.gid = entry.gr_gid;
  user.groups.push_back(user.ids.gid);
  // "+" tells libvirt that a number follows.
  user.group = absl::StrCat("+", user.ids.gid);
  return user;
}

absl::Status CheckReachable(const std::string& path, const VmUser& user) {
  std::filesystem::path directory;
  for (const std::filesystem::path& part : std::filesystem::path(path)) {
    directory /= part;
    struct stat stat = {};
    if (::stat(directory.c_str(), &stat) < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", directory.string()));
    }
    if ((RightsOf(stat, user.ids.uid, user.groups) & 01) == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "virtual machines run as ", user.user, ", who may not enter ", directory.string(),
          ": run chmod o+x ", directory.string(), ", or use another state directory"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKvmAccess(const std::string& kvm_path, const VmUser& user) {
  struct stat stat = {};
  if (::stat(kvm_path.c_str(), &stat) < 0) return absl::OkStatus();
  constexpr mode_t kReadWrite = 06;
  if ((RightsOf(stat, user.ids.uid, user.groups) & kReadWrite) == kReadWrite) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      kvm_path, " exists, but virtual machines run as ", user.user,
      ", who may not open it, and libvirt would probe QEMU anew at every call: run chgrp kvm ",
      kvm_path, " && chmod 0660 ", kvm_path, " (udev's default), with ", user.user,
      " in group kvm"));
}

}  // namespace orch

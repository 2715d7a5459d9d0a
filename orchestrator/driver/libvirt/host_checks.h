#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/driver/libvirt/domain_xml.h"

namespace orch {

// A libvirt version number (major * 1000000 + minor * 1000 + micro) as "10.0.2".
std::string FormatVersion(uint64_t version);

// FAILED_PRECONDITION: libvirt is older than 9.0 or QEMU is older than 9.1; the message says how to
// get a newer one.
absl::Status CheckVersions(uint64_t libvirt_version, uint64_t qemu_version);

// INVALID_ARGUMENT: `root` is not absolute, has characters that libvirt would read otherwise, or is
// so long that the sockets which libvirt makes below it would not fit the kernel's limit.
absl::Status CheckEmbedRootPath(const std::string& root);

// INVALID_ARGUMENT: `owner` is empty, longer than 1024 bytes, or has characters other than
// printable ASCII, which libvirt would give back written otherwise.
absl::Status CheckOwner(const std::string& owner);

// A user account and the group of its own name, or else its primary group.
struct VmUser {
  std::string user;
  std::string group;
  RunAs ids;
  // Every group that its processes are in.
  std::vector<gid_t> groups;
};

// FAILED_PRECONDITION: there is no such user.
absl::StatusOr<VmUser> FindVmUser(const std::string& name);

// FAILED_PRECONDITION: `user` may not pass through a directory on the way to `path`, or into it;
// the message names the directory and the chmod that helps.
absl::Status CheckReachable(const std::string& path, const VmUser& user);

// libvirt probes QEMU with more rights than QEMU later has. Where the probe opens /dev/kvm and the
// user cannot, libvirt takes its findings for outdated and probes again at every call, each for
// seconds. FAILED_PRECONDITION: this is such a host; the message says what to do. OK when there is
// no device.
absl::Status CheckKvmAccess(const std::string& kvm_path, const VmUser& user);

}  // namespace orch

#include "orchestrator/driver/libvirt/libvirt_host.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/accelerator_probe.h"
#include "orchestrator/driver/cpu_model.h"
#include "orchestrator/driver/device_probe.h"
#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/embed_root_holder.h"
#include "orchestrator/driver/libvirt/libvirt_status.h"
#include "orchestrator/driver/libvirt/qemu_conf.h"
#include "orchestrator/driver/libvirt/unstarted_domains.h"
#include "orchestrator/driver/transport_probe.h"

namespace orch {
namespace {

// About 2 KiB for each processor, of which the first one counts.
constexpr size_t kMaxCpuinfoBytes = size_t{16} << 20;

absl::Status CannotUse(const std::string& root, const absl::Status& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot use libvirt root ", root, ": ", why.message(),
                   "; make it writable or use another state directory"));
}

// Makes the directories and the configuration that the embedded driver reads when it is opened.
absl::Status PrepareEmbedRoot(const std::string& root, const std::optional<VmUser>& user) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool created = fs::create_directories(root, error);
  if (!error) fs::create_directories(root + "/etc", error);
  // Machines run as another user and pass through to their own files; only the names in it can be
  // guessed.
  if (!error && created) fs::permissions(root, fs::perms(0711), error);
  if (error) return CannotUse(root, absl::FailedPreconditionError(error.message()));
  const std::string conf =
      user.has_value() ? BuildQemuConf(user->user, user->group) : BuildQemuConf("", "");
  const absl::Status written = WriteFileAtomically(root + "/etc/qemu.conf", conf);
  if (!written.ok()) return CannotUse(root, written);
  return user.has_value() ? CheckReachable(root, *user) : absl::OkStatus();
}

absl::StatusOr<LibvirtPlace> FindPlace(const LibvirtOptions& options,
                                       const std::optional<VmUser>& user) {
  if (options.embed_root.empty()) {
    return LibvirtPlace{options.uri, "/var/log/libvirt/qemu", "/run/libvirt/qemu"};
  }
  const std::string& root = options.embed_root;
  ORCH_RETURN_IF_ERROR(CheckEmbedRootPath(root));
  if (user.has_value()) ORCH_RETURN_IF_ERROR(CheckKvmAccess(options.kvm_device, *user));
  ORCH_RETURN_IF_ERROR(PrepareEmbedRoot(root, user));
  return LibvirtPlace{absl::StrCat("qemu:///embed?root=", root), root + "/log/qemu",
                      root + "/run/qemu"};
}

absl::StatusOr<Connection> Connect(const LibvirtOptions& options, const std::string& uri) {
  Connection connection(virConnectOpen(uri.c_str()));
  if (connection != nullptr) return connection;
  const absl::Status error = LastLibvirtError(absl::StrCat("opening ", uri));
  if (options.embed_root.empty()) {
    return absl::UnavailableError(absl::StrCat(error.message(), "; is the libvirt daemon up?"));
  }
  const std::optional<pid_t> holder = FindEmbedRootHolder(options.embed_root);
  return absl::FailedPreconditionError(absl::StrCat(
      error.message(),
      holder.has_value()
          ? absl::StrCat("; process ", *holder,
                         " uses this libvirt root: stop it or use another state directory")
          : ""));
}

absl::StatusOr<HostInfo> ProbeHost(const LibvirtOptions& options, virConnectPtr connection,
                                   const std::string& uri, const std::optional<VmUser>& user) {
  unsigned long libvirt = 0;
  unsigned long qemu = 0;
  virNodeInfo node = {};
  if (virConnectGetLibVersion(connection, &libvirt) < 0) {
    return LastLibvirtError("asking for libvirt's version");
  }
  if (virConnectGetVersion(connection, &qemu) < 0 || qemu == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        LastLibvirtError("libvirt finds no QEMU").message(),
        "; install qemu-system-x86_64 (package qemu-system-x86) into a directory of PATH"));
  }
  ORCH_RETURN_IF_ERROR(CheckVersions(libvirt, qemu));
  if (virNodeGetInfo(connection, &node) < 0) return LastLibvirtError("asking for host resources");
  ORCH_ASSIGN_OR_RETURN(const AcceleratorDecision accelerator,
                        DecideAccelerator(options.accelerator,
                                          ProbeAccelerator(options.kvm_device, options.cpuinfo)));
  ORCH_ASSIGN_OR_RETURN(
      const TransportDecision transport,
      DecideTransport(options.transport, ProbeDevice(options.vhost_vsock_device)));
  return HostInfo{
      .driver_name = "libvirt",
      .uri = uri,
      .hypervisor_version = FormatVersion(qemu),
      .library_version = FormatVersion(libvirt),
      .accelerator = accelerator.accelerator,
      .accelerator_reason = accelerator.reason,
      .transport = transport.transport,
      .transport_reason = transport.reason,
      .cpu_model = GuestCpuModel(accelerator.accelerator,
                                 ReadFile(options.cpuinfo, kMaxCpuinfoBytes).value_or("")),
      .machine_model = kMachineModel,
      .cpus = node.cpus,
      .memory_mib = node.memory / 1024,
      .vm_uid = user.has_value() ? user->ids.uid : ::geteuid(),
      .vm_gid = user.has_value() ? user->ids.gid : ::getegid()};
}

}  // namespace

absl::StatusOr<LibvirtHost> OpenLibvirtHost(const LibvirtOptions& options) {
  SilenceLibvirt();
  ORCH_RETURN_IF_ERROR(CheckOwner(options.owner));
  std::optional<VmUser> user;
  if (::geteuid() == 0) {
    ORCH_ASSIGN_OR_RETURN(user, FindVmUser(options.qemu_user));
  }
  LibvirtHost host;
  ORCH_ASSIGN_OR_RETURN(host.place, FindPlace(options, user));
  if (!options.embed_root.empty()) {
    ORCH_ASSIGN_OR_RETURN(host.run_directory,
                          RunDirectory::Open(options.embed_root, options.memory_places));
    RemoveUnstartedDomains(options.embed_root);
  }
  ORCH_ASSIGN_OR_RETURN(host.loop, EventLoop::Start());
  ORCH_ASSIGN_OR_RETURN(host.connection, Connect(options, host.place.uri));
  ORCH_ASSIGN_OR_RETURN(host.info, ProbeHost(options, host.connection.get(), host.place.uri, user));
  if (user.has_value()) host.run_as = user->ids;
  return host;
}

}  // namespace orch

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/driver/accelerator_probe.h"
#include "orchestrator/driver/libvirt/console_limiter.h"
#include "orchestrator/driver/libvirt/domain_events.h"
#include "orchestrator/driver/libvirt/event_loop.h"
#include "orchestrator/driver/libvirt/handles.h"
#include "orchestrator/driver/libvirt/host_checks.h"
#include "orchestrator/driver/libvirt/process_logs.h"
#include "orchestrator/driver/transport_probe.h"
#include "orchestrator/driver/vm_driver.h"

namespace orch {

struct LibvirtOptions {
  // Not empty: libvirt's QEMU driver runs within this process and keeps its state in this
  // directory, which is made when missing. One process at a time; machines outlive it. Up to 49
  // bytes of [A-Za-z0-9/._-].
  std::string embed_root;
  // Without `embed_root`: the libvirt daemon to use. Its log and process files are sought where
  // system daemons put them.
  std::string uri = "qemu:///system";
  // Tells this driver's machines from those of other programs on the same libvirt, whose machines
  // it neither lists nor touches: unique among them and the same after a restart, such as the state
  // directory. Printable ASCII, 1 to 1024 bytes.
  std::string owner = "embed";
  AcceleratorChoice accelerator = AcceleratorChoice::kAuto;
  TransportChoice transport = TransportChoice::kAuto;
  // Whom QEMU runs as when this process is root. Otherwise QEMU runs as this process's user.
  std::string qemu_user = "libvirt-qemu";
  // Where the host is looked at; other values are for tests.
  std::string kvm_device = "/dev/kvm";
  std::string vhost_vsock_device = "/dev/vhost-vsock";
  std::string cpuinfo = "/proc/cpuinfo";
};

// Virtual machines as transient libvirt domains, named by their id; nothing of one is left when it
// ends, but for the log that a libvirt daemon (not the embedded driver) keeps. Whose the domain is,
// its directory and how to reach the agent are in its metadata, so a driver needs no memory of its
// own. Console logs are kept below a limit while a driver lives.
//
// See VmDriver for thread safety. A process may have several with the same `embed_root`, but not
// with different ones.
class LibvirtVmDriver : public VmDriver {
 public:
  // Blocks: the first time libvirt probes QEMU, for seconds.
  //
  // INVALID_ARGUMENT: `embed_root` or `owner` is unfit. FAILED_PRECONDITION: QEMU is missing, QEMU
  // or libvirt is too old, the accelerator or transport asked for does not work, `embed_root`
  // cannot be written or is in use by another process. UNAVAILABLE: no libvirt daemon answers at
  // `uri`. Every message says what to do.
  static absl::StatusOr<std::unique_ptr<LibvirtVmDriver>> Create(const LibvirtOptions& options);

  const HostInfo& host() const override { return host_; }
  absl::StatusOr<VmInfo> Start(const VmConfig& config) override;
  absl::Status Pause(const VmId& id) override;
  absl::Status Resume(const VmId& id) override;
  absl::Status Destroy(const VmId& id) override;
  absl::StatusOr<VmInfo> Get(const VmId& id) override;
  absl::StatusOr<std::vector<VmInfo>> List() override;
  absl::StatusOr<std::string> ConsoleTail(const std::string& directory, size_t max_bytes) override;
  std::unique_ptr<VmEventSubscription> Subscribe(
      std::function<void(const VmEvent&)> callback) override;

 private:
  struct Settings {
    std::string owner;
    // libvirt keeps "<name>.pid" there.
    std::string run_directory;
    ProcessLogs logs;
    // Nothing: as this process.
    std::optional<RunAs> run_as;
  };

  LibvirtVmDriver(std::unique_ptr<EventLoop> loop, Connection connection,
                  std::unique_ptr<DomainEvents> events, HostInfo host, Settings settings);

  absl::StatusOr<Domain> Find(const VmId& id);
  absl::StatusOr<VmInfo> Describe(virDomainPtr domain, const VmId& id);
  void RemoveLeftoverLogs();
  absl::Status StartError(const VmConfig& config, const std::string& uuid);

  // Destroyed in reverse order: events, then the connection, then the loop that delivered them.
  const std::unique_ptr<EventLoop> loop_;
  const Connection connection_;
  const std::unique_ptr<DomainEvents> events_;
  const HostInfo host_;
  const Settings settings_;
  ConsoleLimiter console_limiter_;
};

}  // namespace orch

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/driver/libvirt/console_limiter.h"
#include "orchestrator/driver/libvirt/domain_events.h"
#include "orchestrator/driver/libvirt/libvirt_host.h"
#include "orchestrator/driver/libvirt/libvirt_options.h"
#include "orchestrator/driver/libvirt/libvirt_vm_checkpoints.h"
#include "orchestrator/driver/libvirt/owned_domains.h"
#include "orchestrator/driver/libvirt/process_logs.h"
#include "orchestrator/driver/libvirt/process_reaper.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_driver.h"

namespace orch {

// Virtual machines as transient libvirt domains, named by their id; nothing of one is left when it
// ends, but for the log that a libvirt daemon (not the embedded driver) keeps. Whose the domain is,
// its directory, its memory file and how to reach the agent are in its metadata, so a driver needs
// no memory of its own. Console logs are kept below a limit while a driver lives.
//
// This process becomes the one that reaps the machines' processes (see ProcessReaper).
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

  const HostInfo& host() const override { return host_.info; }
  absl::StatusOr<VmInfo> Start(const VmConfig& config) override;
  absl::Status Pause(const VmId& id) override;
  absl::Status Resume(const VmId& id) override;
  absl::Status Destroy(const VmId& id) override;
  absl::StatusOr<VmInfo> Get(const VmId& id) override;
  absl::StatusOr<std::vector<VmInfo>> List() override;
  absl::StatusOr<std::unique_ptr<VmConsole>> OpenConsole(const std::string& directory) override;
  std::unique_ptr<VmEventSubscription> Subscribe(
      std::function<void(const VmEvent&)> callback) override;

  // Saves and loads this driver's machines, as long as it lives.
  VmCheckpoints& checkpoints() { return checkpoints_; }

 private:
  LibvirtVmDriver(std::unique_ptr<ProcessReaper> reaper, LibvirtHost host,
                  std::unique_ptr<DomainEvents> events, ProcessLogs logs, const std::string& owner);

  void RemoveLeftoverLogs();
  absl::Status StartError(const VmConfig& config, const std::string& uuid);

  // Destroyed in reverse order: events, then the connection, then what served them.
  const std::unique_ptr<ProcessReaper> reaper_;
  const LibvirtHost host_;
  const std::unique_ptr<DomainEvents> events_;
  const ProcessLogs logs_;
  const OwnedDomains domains_;
  LibvirtVmCheckpoints checkpoints_;
  ConsoleLimiter console_limiter_;
};

}  // namespace orch

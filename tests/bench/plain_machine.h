#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/driver/libvirt/handles.h"
#include "orchestrator/driver/libvirt/libvirt_host.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/scratch_disks.h"
#include "tests/bench/daemon.h"

namespace orch::bench {

// What users of libvirt have today: the same guest with ordinary anonymous memory, booted, saved
// whole by virDomainSave and restored by virDomainRestore. Uses libvirt beside the daemon's driver,
// which takes these machines for a stranger's. Not thread-safe; calls block.
class PlainMachines {
 public:
  // `daemon` must outlive this. OpenLibvirtHost's errors.
  static absl::StatusOr<std::unique_ptr<PlainMachines>> Create(Daemon& daemon);

  // Ended when destroyed.
  class Machine {
   public:
    Machine(PlainMachines& owner, VmConfig config, Domain domain);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // Waits for the agent's word, or without one for what the image says on its console.
    absl::Status AwaitReady(const Image& image);
    // Has the guest run a program, on a connection of its own.
    absl::Status Exec();
    absl::Status Suspend();
    absl::Status Resume();
    absl::Status Save();
    absl::Status Restore();
    // What Save wrote.
    absl::StatusOr<uint64_t> SavedBytes() const;
    absl::StatusOr<int64_t> Pid() const;

   private:
    std::string SaveFile() const;

    PlainMachines& owner_;
    const VmConfig config_;
    const GuestAddress agent_;
    Domain domain_;
  };

  // Makes the files that a machine needs; not part of what is measured.
  absl::StatusOr<VmConfig> Prepare(const BrowserRegistry::Plan& plan);
  // Starts its process.
  absl::StatusOr<std::unique_ptr<Machine>> Start(const VmConfig& config);

 private:
  PlainMachines(Daemon& daemon, LibvirtHost host);

  Daemon& daemon_;
  const LibvirtHost host_;
  ScratchDisks scratch_disks_;
};

}  // namespace orch::bench

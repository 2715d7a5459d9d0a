#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_console.h"
#include "orchestrator/model/guest_address.h"
#include "orchestrator/model/vm_id.h"

namespace orch {

enum class Accelerator { kKvm, kTcg };
enum class TransportKind { kVsock, kVirtioSerial };

// What the driver found out about its host. Fixed while the driver lives.
struct HostInfo {
  std::string driver_name;
  std::string uri;
  std::string hypervisor_version;  // QEMU, "10.0.2"
  std::string library_version;     // libvirt, "11.3.0"
  Accelerator accelerator = Accelerator::kTcg;
  std::string accelerator_reason;
  TransportKind transport = TransportKind::kVirtioSerial;
  std::string transport_reason;
  // The processor that guests see: a state saved on one model is of no use on another.
  std::string cpu_model;
  // The devices that guests see, and where: likewise.
  std::string machine_model;
  uint32_t cpus = 0;
  uint64_t memory_mib = 0;
  // Who virtual machines run as, and so must own what they write to.
  uint32_t vm_uid = 0;
  uint32_t vm_gid = 0;
};

// How a machine begins.
enum class VmStart {
  // It boots at once.
  kBoot,
  // It is a shell: its process waits, without running, for the state of another machine, which
  // VmCheckpoints loads.
  kShell,
};

// One virtual machine to be. Files are named by absolute paths.
struct VmConfig {
  VmId id;
  uint32_t memory_mib = 0;
  uint32_t vcpus = 0;
  std::string kernel;
  // Empty: the kernel needs none.
  std::string initramfs;
  std::string kernel_cmdline;
  // Read-only raw disk, /dev/vda in the guest. The driver neither writes to it nor changes its
  // owner. Empty: the machine has none.
  std::string root_disk;
  // qcow2 disk, /dev/vdb in the guest, owned by the user that the virtual machine runs as. Empty:
  // the machine has none.
  std::string scratch_disk;
  // An existing directory for this machine's sockets and console log, owned by this machine alone.
  std::string directory;
  // False: the image has no agent, and the machine gets no transport device.
  bool has_agent = true;
  VmStart start = VmStart::kBoot;
  // The file that is the guest's memory, of `memory_mib`. For kBoot the machine writes into it, so
  // its user must own it; empty means memory that cannot be saved. For kShell it is the template's,
  // which the machine only reads: what it writes stays private to it.
  std::string memory_file;
};

enum class VmState { kRunning, kPaused };

// A virtual machine that exists. One that ended exists no more.
struct VmInfo {
  VmId id;
  VmState state = VmState::kRunning;
  GuestAddress agent;
  int64_t pid = 0;  // 0 where there is no process (fake).
};

enum class VmEventKind { kStopped, kPaused, kResumed };

struct VmEvent {
  VmId id;
  VmEventKind kind = VmEventKind::kStopped;
  // For kStopped: why, with what is known of the process's end. "destroyed" when Destroy did it.
  std::string reason;
};

// Stops the delivery of events when destroyed; waits for a callback that is running.
class VmEventSubscription {
 public:
  virtual ~VmEventSubscription() = default;
};

// Makes and controls virtual machines. The one seam to libvirt.
//
// Thread-safe; calls block (Start for about 0.5 s, others for milliseconds), so never call with a
// mutex held. Virtual machines outlive the driver and its process: List finds them again. A machine
// that ends, by itself or by Destroy, is gone with everything that the driver made for it; files
// named in VmConfig stay, they are the caller's.
class VmDriver {
 public:
  virtual ~VmDriver() = default;

  virtual const HostInfo& host() const = 0;

  // Starts a machine, running, or as a shell, paused. ALREADY_EXISTS: `config.id` exists.
  // INVALID_ARGUMENT: memory or vcpus beyond the host. NOT_FOUND: a file is missing; the message
  // names it. On error nothing is left behind.
  virtual absl::StatusOr<VmInfo> Start(const VmConfig& config) = 0;

  // Stops the virtual CPUs. Idempotent. NOT_FOUND: no such machine.
  virtual absl::Status Pause(const VmId& id) = 0;

  // Lets the virtual CPUs run. Idempotent. NOT_FOUND: no such machine. FAILED_PRECONDITION: it is a
  // shell into which nothing was loaded.
  virtual absl::Status Resume(const VmId& id) = 0;

  // Ends a machine at once; its process is gone when this returns. OK when there is no such
  // machine.
  virtual absl::Status Destroy(const VmId& id) = 0;

  // NOT_FOUND: no such machine.
  virtual absl::StatusOr<VmInfo> Get(const VmId& id) = 0;

  // Every machine that this driver (or an earlier one on the same host state) started and that
  // still exists, in no particular order. Machines that others started are left out.
  virtual absl::StatusOr<std::vector<VmInfo>> List() = 0;

  // What the machine in `directory` (its VmConfig's) writes to its console, also after it ended.
  // NOT_FOUND: no machine has started there, or the log was removed.
  virtual absl::StatusOr<std::unique_ptr<VmConsole>> OpenConsole(const std::string& directory) = 0;

  // The last `max_bytes` of that console. As hostile as the guest: escape before showing it. Empty
  // where there is none.
  absl::StatusOr<std::string> ConsoleTail(const std::string& directory, size_t max_bytes);

  // Calls `callback` for each change from now on, one call at a time, in order, on a thread of the
  // driver; it must not block for long and must not destroy the subscription.
  virtual std::unique_ptr<VmEventSubscription> Subscribe(
      std::function<void(const VmEvent&)> callback) = 0;
};

}  // namespace orch

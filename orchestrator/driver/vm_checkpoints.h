#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/model/vm_id.h"

namespace orch {

// What SavePages wrote or LoadPages read.
struct PageCount {
  // Guest memory that differs from the memory file.
  uint64_t changed_bytes = 0;
  // Of the file, with its index and checksums.
  uint64_t file_bytes = 0;
};

// Takes the state out of one machine and puts it into another. A machine's state is its devices,
// the memory that differs from its memory file, and its scratch disk: three parts of one moment,
// which the caller keeps together.
//
// Saving needs a machine that is paused and leaves it so. Loading needs a shell (VmStart::kShell)
// of the same configuration, on the same memory file, in this order: ReplaceScratchDisk, LoadPages,
// LoadDevices; it is then a paused machine. A template's clone takes LoadDevices alone. A shell
// whose loading failed is good for nothing: destroy it.
//
// Thread-safe for different machines; calls block for milliseconds, SavePages and LoadPages for
// about 1 ms per MiB, so never call with a mutex held. Every call: NOT_FOUND when there is no such
// machine; FAILED_PRECONDITION when it is not in the state that the call needs.
class VmCheckpoints {
 public:
  // Longer device states are refused: a guest has no part in their length.
  static constexpr size_t kMaxDeviceStateBytes = size_t{16} << 20;

  virtual ~VmCheckpoints() = default;

  // The devices' state, without memory (about 100 KB). The scratch disk's file is complete when
  // this returns.
  virtual absl::StatusOr<std::string> SaveDevices(const VmId& id) = 0;

  // Makes a shell the machine whose `devices` these are, paused. INVALID_ARGUMENT: the hypervisor
  // refuses them, or they are too long.
  virtual absl::Status LoadDevices(const VmId& id, absl::string_view devices) = 0;

  // Writes the memory that differs from the memory file, swapped out or not, into the new file
  // `path`, without syncing it. Needs a machine that began as a shell. ALREADY_EXISTS: there is
  // such a file. RESOURCE_EXHAUSTED: the disk is full; no file is left.
  virtual absl::StatusOr<PageCount> SavePages(const VmId& id, const std::string& path) = 0;

  // Puts what SavePages wrote into a shell's memory. DATA_LOSS: the file is damaged or is not of a
  // machine with this much memory.
  virtual absl::StatusOr<PageCount> LoadPages(const VmId& id, const std::string& path) = 0;

  // Gives a shell the qcow2 disk `path` (as VmConfig::scratch_disk) in place of the one that it was
  // started with, which it does not use any more but may keep open until the machine ends.
  virtual absl::Status ReplaceScratchDisk(const VmId& id, const std::string& path) = 0;
};

}  // namespace orch

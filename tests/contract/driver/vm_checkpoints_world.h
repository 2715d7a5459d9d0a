#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_driver.h"

namespace orch::testing {

// What the contract suite of VmCheckpoints needs of an implementation: machines whose guest counts,
// in its memory and, where there is one, on its scratch disk.
class VmCheckpointsWorld {
 public:
  struct Opened {
    std::unique_ptr<VmDriver> driver;
    // Of the driver, and gone with it.
    VmCheckpoints* checkpoints = nullptr;
  };

  virtual ~VmCheckpointsWorld() = default;

  // A driver. Each call makes one more on the same host.
  virtual absl::StatusOr<Opened> Open() = 0;

  // A machine that boots, with a memory file and a scratch disk.
  virtual absl::StatusOr<VmConfig> NewBoot() = 0;

  // A shell of what `boot` is, on its memory file, with the scratch disk `disk`.
  virtual absl::StatusOr<VmConfig> NewShell(const VmConfig& boot, const std::string& disk) = 0;

  // A scratch disk with what is on `disk` now.
  virtual absl::StatusOr<std::string> CopyDisk(const std::string& disk) = 0;

  // Lets the guest of a running machine count, and returns the first number that it has not
  // returned before. DATA_LOSS: the guest's disk does not go with its memory.
  virtual absl::StatusOr<uint64_t> NextCount(const VmConfig& config) = 0;

  // The last number that the guest of a paused machine has counted.
  virtual absl::StatusOr<uint64_t> LastCount(const VmConfig& config) = 0;
};

// Names an implementation for the suite.
struct VmCheckpointsWorldParam {
  std::string name;
  std::function<std::unique_ptr<VmCheckpointsWorld>()> make;

  // What GoogleTest prints, instead of the bytes.
  friend void PrintTo(const VmCheckpointsWorldParam& param, std::ostream* out) {
    *out << param.name;
  }
};

}  // namespace orch::testing

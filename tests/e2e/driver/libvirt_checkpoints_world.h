#pragma once

#include <map>
#include <memory>
#include <string>

#include "tests/contract/driver/vm_checkpoints_world.h"
#include "tests/e2e/driver/libvirt_world.h"

namespace orch::testing {

// Real machines with the kernel and modules of the image that ORCH_TEST_IMAGE_DIR names, and an
// init of our own: it counts, writes each number past all caches to the scratch disk, reads it back
// before the next one, and tells all of it on the console, with a random number. Kernel messages
// show there, too.
class LibvirtCheckpointsWorld : public VmCheckpointsWorld {
 public:
  LibvirtCheckpointsWorld() : world_(LibvirtWorld::Embedded()) {}

  absl::StatusOr<Opened> Open() override;
  absl::StatusOr<VmConfig> NewBoot() override;
  absl::StatusOr<VmConfig> NewShell(const VmConfig& boot, const std::string& disk) override;
  absl::StatusOr<std::string> CopyDisk(const std::string& disk) override;
  absl::StatusOr<uint64_t> NextCount(const VmConfig& config) override;
  absl::StatusOr<uint64_t> LastCount(const VmConfig& config) override;

  // What the guest wrote to its console.
  std::string Console(const VmConfig& config) const;

  // One line that the guest tells.
  struct Tick {
    uint64_t count = 0;
    // What it read from the disk before counting: the number before.
    uint64_t disk = 0;
    std::string random;
  };
  std::vector<Tick> Ticks(const VmConfig& config) const;

 private:
  absl::Status GiveToMachines(const std::string& path) const;
  absl::StatusOr<std::string> Initramfs();

  const std::unique_ptr<LibvirtWorld> world_;
  std::string initramfs_;
  // How many ticks of a machine were returned.
  std::map<VmId, size_t> returned_;
};

}  // namespace orch::testing

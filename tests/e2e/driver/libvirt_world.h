#pragma once

#include <memory>
#include <string>

#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"
#include "tests/contract/driver/vm_driver_world.h"

namespace orch::testing {

// Real machines under software emulation. They boot the image in the directory that
// ORCH_TEST_IMAGE_DIR names: vmlinux, initramfs, root.erofs.
class LibvirtWorld : public VmDriverWorld {
 public:
  // With the embedded driver; a process has one root for all its worlds, because libvirt allows no
  // second one.
  static std::unique_ptr<LibvirtWorld> Embedded();
  // With the libvirt daemon at qemu:///system; see SystemLibvirtd.
  static std::unique_ptr<LibvirtWorld> System();

  absl::StatusOr<std::unique_ptr<VmDriver>> Open() override;
  absl::StatusOr<VmConfig> NewConfig() override;

  const LibvirtOptions& options() const { return options_; }

 private:
  explicit LibvirtWorld(LibvirtOptions options) : options_(std::move(options)) {}

  const LibvirtOptions options_;
};

}  // namespace orch::testing

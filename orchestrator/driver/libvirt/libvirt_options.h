#pragma once

#include <string>
#include <vector>

#include "orchestrator/driver/accelerator_probe.h"
#include "orchestrator/driver/transport_probe.h"

namespace orch {

// How LibvirtVmDriver uses libvirt.
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
  // Directories that are in memory on most hosts: the first one that is takes what `embed_root`
  // need not keep through a reboot.
  std::vector<std::string> memory_places = {"/run", "/dev/shm"};
  // Where the host is looked at; other values are for tests.
  std::string kvm_device = "/dev/kvm";
  std::string vhost_vsock_device = "/dev/vhost-vsock";
  std::string cpuinfo = "/proc/cpuinfo";
};

}  // namespace orch

#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace orch {

// The agent listens on a vsock port of its virtual machine.
struct VsockAddress {
  uint32_t cid = 0;
  uint32_t port = 0;
  friend bool operator==(const VsockAddress&, const VsockAddress&) = default;
};

// QEMU listens on this unix socket; behind it is the guest's virtio-serial port.
struct VirtioSerialAddress {
  std::string socket_path;
  friend bool operator==(const VirtioSerialAddress&, const VirtioSerialAddress&) = default;
};

// How to reach a virtual machine's agent. monostate: the machine has no agent.
using GuestAddress = std::variant<std::monostate, VsockAddress, VirtioSerialAddress>;

// The vsock port that every agent listens on. Above 1023 so that it needs no privilege in the
// guest.
inline constexpr uint32_t kAgentVsockPort = 1024;

// The name of the virtio-serial port that every agent serves, see /sys/class/virtio-ports/*/name in
// the guest.
inline constexpr char kAgentSerialPortName[] = "org.orchestrator.agent.0";

}  // namespace orch

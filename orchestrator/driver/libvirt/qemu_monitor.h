#pragma once

#include <libvirt/libvirt.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// What libvirt has no calls for, said to a machine's QEMU in its own words (QMP). Borrows the
// domain. Thread-safe; each call is one exchange with QEMU, about 0.3 ms, and holds up the domain's
// other calls meanwhile. What QEMU refuses is INTERNAL with its words.
class QemuMonitor {
 public:
  explicit QemuMonitor(virDomainPtr domain) : domain_(domain) {}

  // QEMU's RunState: "running", "paused", "inmigrate" (a shell), ...
  absl::StatusOr<std::string> RunState() const;

  // Writes the state of all devices, without memory, into the file `path`; disk files are complete
  // then. The virtual CPUs must be stopped.
  absl::Status SaveDevices(const std::string& path) const;

  // Makes a shell begin to load the file `path`.
  absl::Status BeginLoading(const std::string& path) const;

  enum class Loading { kUnderWay, kDone };
  // How that goes. INVALID_ARGUMENT: QEMU refused the state, for ever.
  absl::StatusOr<Loading> LoadingState() const;

  // Puts a block node behind the device with this id.
  absl::Status SetDiskNode(const std::string& device, const std::string& node) const;

  // Opens the qcow2 file `path` as `node`, as libvirt does for a scratch disk.
  absl::Status AddScratchNode(const std::string& node, const std::string& path) const;

 private:
  const virDomainPtr domain_;
};

}  // namespace orch

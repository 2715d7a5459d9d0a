#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/event_loop.h"
#include "orchestrator/driver/libvirt/handles.h"
#include "orchestrator/driver/libvirt/host_checks.h"
#include "orchestrator/driver/libvirt/libvirt_options.h"
#include "orchestrator/driver/libvirt/run_directory.h"
#include "orchestrator/driver/vm_driver.h"

namespace orch {

// Where libvirt is and what it leaves in files.
struct LibvirtPlace {
  std::string uri;
  // "<name>.log" of each machine's process.
  std::string log_directory;
  // "<name>.pid" of each machine.
  std::string run_directory;
};

// A libvirt that is open and fit for use. Destroyed in reverse order.
struct LibvirtHost {
  LibvirtPlace place;
  // Null where a libvirt daemon has its own.
  std::unique_ptr<RunDirectory> run_directory;
  std::unique_ptr<EventLoop> loop;
  Connection connection;
  HostInfo info;
  // Whom machines run as. Nothing: as this process.
  std::optional<RunAs> run_as;
};

// Prepares the embedded driver's directory where there is one, opens libvirt, and finds out what
// the host can do. For blocking and errors see LibvirtVmDriver::Create.
absl::StatusOr<LibvirtHost> OpenLibvirtHost(const LibvirtOptions& options);

}  // namespace orch

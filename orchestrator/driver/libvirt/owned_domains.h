#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/driver/libvirt/handles.h"
#include "orchestrator/driver/vm_driver.h"

namespace orch {

// A domain of ours that was there when it was looked up, with our metadata element.
struct OwnedDomain {
  Domain handle;
  std::string metadata;

  virDomainPtr get() const { return handle.get(); }
};

// The domains of one owner (see LibvirtOptions::owner) on a libvirt connection, which is borrowed.
// Thread-safe. Calls block for less than a millisecond.
class OwnedDomains {
 public:
  // libvirt keeps "<name>.pid" in `run_directory`.
  OwnedDomains(virConnectPtr connection, std::string owner, std::string run_directory);

  const std::string& owner() const { return owner_; }

  // NOT_FOUND: there is none, or it is another's.
  absl::StatusOr<OwnedDomain> Find(const VmId& id) const;

  // Whether libvirt has a domain of this name, whoever's. False when libvirt cannot tell.
  bool HasName(const VmId& id) const;
  // Whether libvirt says that it has no domain of this name.
  bool LacksName(const VmId& id) const;

  // What runs. One that ended since may be among them.
  absl::StatusOr<std::vector<std::pair<VmId, OwnedDomain>>> List() const;

  // NOT_FOUND: it ended.
  absl::StatusOr<VmInfo> Describe(const VmId& id, const OwnedDomain& domain) const;

  // 0 when it is not known.
  int64_t PidOf(const VmId& id) const;

 private:
  const virConnectPtr connection_;
  const std::string owner_;
  const std::string run_directory_;
};

// A virDomainState.
absl::StatusOr<int> StateOf(virDomainPtr domain);

std::string UuidOf(virDomainPtr domain);

absl::Status NoSuchMachine(const VmId& id);

// This thread's last libvirt error: "`verb` virtual machine ID: ...".
absl::Status ErrorAbout(absl::string_view verb, const VmId& id);

}  // namespace orch

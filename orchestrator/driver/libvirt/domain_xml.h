#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/model/guest_address.h"

namespace orch {

// The namespace of our element in a domain's metadata. Only domains that have it, with our
// owner, are ours.
inline constexpr char kMetadataUri[] = "urn:orchestrator:vm:1";

// The files that the driver adds to VmConfig::directory.
inline constexpr char kAgentSocketName[] = "agent.sock";
inline constexpr char kConsoleLogName[] = "console.log";

// QEMU's names of what is ours to handle: the scratch disk (libvirt demands the prefix) and the
// object that is the guest's memory.
inline constexpr char kScratchDevice[] = "ua-scratch";
inline constexpr char kMemoryObject[] = "guest-memory";

// The devices that BuildDomainXml gives a machine, by name. Whoever changes them so that a state
// saved with the former ones does not fit changes it, too.
inline constexpr char kMachineModel[] = "q35-2";

// The user that a machine's process runs as.
struct RunAs {
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// What a domain needs beside its VmConfig.
struct DomainOptions {
  std::string uuid;
  // Whose the domain is: see LibvirtOptions::owner.
  std::string owner;
  Accelerator accelerator = Accelerator::kTcg;
  TransportKind transport = TransportKind::kVirtioSerial;
  // Nothing: as this process.
  std::optional<RunAs> run_as;
};

// libvirt's description of a transient domain for `config`. Pure. All text is escaped; it must hold
// no control characters, which XML cannot say (see CheckVmConfig).
std::string BuildDomainXml(const VmConfig& config, const DomainOptions& options);

// The value of attribute `name` in the first start tag of `xml`, unescaped. Nothing when there is
// none.
std::optional<std::string> FirstTagAttribute(absl::string_view xml, absl::string_view name);

// Whether a domain with this metadata element ("" when it has none) belongs to `owner`.
bool IsOwnedBy(absl::string_view metadata, absl::string_view owner);

// VmConfig::directory of a domain of ours, from its metadata element. Empty when it says none.
std::string ParseDirectory(absl::string_view metadata);

// VmConfig::memory_file. Empty when it has none.
std::string ParseMemoryFile(absl::string_view metadata);

// Whether it began as a shell.
bool IsShell(absl::string_view metadata);

// Whether it was started with a scratch disk.
bool HasScratchDisk(absl::string_view metadata);

// How to reach the agent of a domain of ours, from its metadata element and its live XML. Monostate
// when it has none, or when it says nothing that we understand.
GuestAddress ParseAgentAddress(absl::string_view metadata, absl::string_view live_xml);

}  // namespace orch

#include "orchestrator/driver/libvirt/owned_domains.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/libvirt_status.h"

namespace orch {
namespace {

constexpr size_t kMaxPidFileBytes = 32;

// The string that a libvirt function returned and the caller owns.
std::string TakeString(char* text) {
  const absl::Cleanup free_text = [text] { std::free(text); };
  return text == nullptr ? "" : text;
}

std::string MetadataOf(virDomainPtr domain) {
  return TakeString(
      virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, kMetadataUri, /*flags=*/0));
}

}  // namespace

OwnedDomains::OwnedDomains(virConnectPtr connection, std::string owner, std::string run_directory)
    : connection_(connection), owner_(std::move(owner)), run_directory_(std::move(run_directory)) {}

absl::StatusOr<OwnedDomain> OwnedDomains::Find(const VmId& id) const {
  OwnedDomain domain{.handle = Domain(virDomainLookupByName(connection_, id.value().c_str()))};
  if (domain.handle == nullptr) {
    const absl::Status error = ErrorAbout("finding", id);
    return absl::IsNotFound(error) ? NoSuchMachine(id) : error;
  }
  domain.metadata = MetadataOf(domain.get());
  if (!IsOwnedBy(domain.metadata, owner_)) return NoSuchMachine(id);
  return domain;
}

bool OwnedDomains::HasName(const VmId& id) const {
  return Domain(virDomainLookupByName(connection_, id.value().c_str())) != nullptr;
}

bool OwnedDomains::LacksName(const VmId& id) const {
  return !HasName(id) && absl::IsNotFound(ErrorAbout("finding", id));
}

absl::StatusOr<std::vector<std::pair<VmId, OwnedDomain>>> OwnedDomains::List() const {
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection_, &list, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (count < 0) return LastLibvirtError("listing virtual machines");
  std::vector<Domain> domains(list, list + count);
  std::free(list);
  std::vector<std::pair<VmId, OwnedDomain>> owned;
  for (Domain& domain : domains) {
    const char* name = virDomainGetName(domain.get());
    absl::StatusOr<VmId> id = VmId::Parse(name == nullptr ? "" : name);
    if (!id.ok()) continue;
    std::string metadata = MetadataOf(domain.get());
    if (!IsOwnedBy(metadata, owner_)) continue;
    owned.emplace_back(*std::move(id), OwnedDomain{std::move(domain), std::move(metadata)});
  }
  return owned;
}

absl::StatusOr<VmInfo> OwnedDomains::Describe(const VmId& id, const OwnedDomain& domain) const {
  ORCH_ASSIGN_OR_RETURN(const int state, StateOf(domain.get()));
  if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED) return NoSuchMachine(id);
  return VmInfo{.id = id,
                .state = state == VIR_DOMAIN_PAUSED ? VmState::kPaused : VmState::kRunning,
                .agent = ParseAgentAddress(
                    domain.metadata, TakeString(virDomainGetXMLDesc(domain.get(), /*flags=*/0))),
                .pid = PidOf(id)};
}

int64_t OwnedDomains::PidOf(const VmId& id) const {
  const absl::StatusOr<std::string> text =
      ReadFile(absl::StrCat(run_directory_, "/", id.value(), ".pid"), kMaxPidFileBytes);
  int64_t pid = 0;
  if (!text.ok() || !absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &pid)) return 0;
  return pid;
}

absl::StatusOr<int> StateOf(virDomainPtr domain) {
  int state = 0;
  if (virDomainGetState(domain, &state, nullptr, /*flags=*/0) < 0) {
    return LastLibvirtError("asking for a virtual machine's state");
  }
  return state;
}

std::string UuidOf(virDomainPtr domain) {
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid = {};
  return virDomainGetUUIDString(domain, uuid.data()) < 0 ? "" : uuid.data();
}

absl::Status NoSuchMachine(const VmId& id) {
  return absl::NotFoundError(absl::StrCat("no virtual machine ", id.value()));
}

absl::Status ErrorAbout(absl::string_view verb, const VmId& id) {
  return LastLibvirtError(absl::StrCat(verb, " virtual machine ", id.value()));
}

}  // namespace orch

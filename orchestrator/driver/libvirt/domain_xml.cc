#include "orchestrator/driver/libvirt/domain_xml.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "nlohmann/json.hpp"

namespace orch {
namespace {

// Enough translated code for a browser. Without a limit each machine may take 1 GiB of the host.
constexpr int kTranslationCacheMib = 256;

constexpr int kRootDiskSlot = 2;
constexpr int kScratchDiskSlot = 3;
constexpr int kAgentSlot = 4;
constexpr int kRngSlot = 5;

// The agent's, and port 0, which is a console's. A controller has two queues for each port that it
// could have, 31 unless told, and each queue costs at every load and resume.
constexpr int kSerialPorts = 2;

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"'", "&apos;"}, {"\"", "&quot;"}});
}

std::string Unescape(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&apos;", "'"}, {"&quot;", "\""}});
}

std::string AgentSocket(const VmConfig& config) {
  return absl::StrCat(config.directory, "/", kAgentSocketName);
}

std::string Metadata(const VmConfig& config, const DomainOptions& options) {
  std::string agent = " agent='none'";
  if (config.has_agent && options.transport == TransportKind::kVsock) {
    agent = " agent='vsock'";
  } else if (config.has_agent) {
    agent = absl::StrCat(" agent='virtio-serial' socket='", Escape(AgentSocket(config)), "'");
  }
  return absl::StrCat("<metadata><orch:vm xmlns:orch='", kMetadataUri, "' version='1' id='",
                      config.id.value(), "' owner='", Escape(options.owner), "' directory='",
                      Escape(config.directory), "'", agent, " start='",
                      config.start == VmStart::kShell ? "shell" : "boot", "' scratch='",
                      config.scratch_disk.empty() ? "no" : "yes", "' memory='",
                      Escape(config.memory_file), "'/></metadata>\n");
}

std::string Boot(const VmConfig& config) {
  std::string boot = absl::StrCat("<os><type arch='x86_64' machine='q35'>hvm</type><kernel>",
                                  Escape(config.kernel), "</kernel>");
  if (!config.initramfs.empty()) {
    absl::StrAppend(&boot, "<initrd>", Escape(config.initramfs), "</initrd>");
  }
  return absl::StrCat(boot, "<cmdline>", Escape(config.kernel_cmdline), "</cmdline></os>\n");
}

std::string Processor(Accelerator accelerator) {
  if (accelerator == Accelerator::kKvm) {
    return "<features><acpi/><apic/></features>\n<cpu mode='host-passthrough'/>\n";
  }
  return absl::StrCat("<features><acpi/><apic/><tcg><tb-cache unit='MiB'>", kTranslationCacheMib,
                      "</tb-cache></tcg></features>\n<cpu mode='maximum'/>\n");
}

// Where a device sits on the root bus. Beside the others there, not behind a PCIe port of its own
// as libvirt would have it: a bridge per device is much to load and resume, and nothing is
// hotplugged.
std::string Slot(int slot) {
  return absl::StrCat("<address type='pci' domain='0' bus='0' slot='", slot, "' function='0'/>");
}

std::string Disks(const VmConfig& config) {
  std::string disks;
  // The root is read-only, so many machines may read it through one page cache.
  if (!config.root_disk.empty()) {
    absl::StrAppend(
        &disks, "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='",
        Escape(config.root_disk), "'/><target dev='vda' bus='virtio'/><readonly/>",
        Slot(kRootDiskSlot), "</disk>\n");
  }
  // Scratch dies with its machine and is never read by another that runs, so nothing is lost by
  // leaving out flushes; stopping the machine writes all to the file.
  if (!config.scratch_disk.empty()) {
    absl::StrAppend(&disks,
                    "<disk type='file' device='disk'><driver name='qemu' type='qcow2' "
                    "cache='unsafe' discard='unmap'/><source file='",
                    Escape(config.scratch_disk), "'/><target dev='vdb' bus='virtio'/><alias name='",
                    kScratchDevice, "'/>", Slot(kScratchDiskSlot), "</disk>\n");
  }
  return disks;
}

// libvirt knows no file as memory, so QEMU is told beside it; of two -machine options the later one
// counts.
std::string Memory(const VmConfig& config) {
  if (config.memory_file.empty()) return "";
  nlohmann::json object = {{"qom-type", "memory-backend-file"},
                           {"id", kMemoryObject},
                           {"mem-path", config.memory_file},
                           {"size", uint64_t{config.memory_mib} << 20},
                           {"share", config.start == VmStart::kBoot}};
  std::vector<std::string> arguments;
  if (config.start == VmStart::kShell) {
    // A private copy, page by page as the guest writes, of a file that QEMU may not write.
    object["readonly"] = true;
    object["rom"] = "off";
    // States that VmCheckpoints saves have no configuration section.
    arguments = {"-incoming", "defer", "-global", "migration.send-configuration=off"};
  }
  // Paths that are no UTF-8 are refused by libvirt; replacing beats throwing.
  const std::string text = object.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false,
                                       nlohmann::json::error_handler_t::replace);
  arguments.insert(arguments.begin(),
                   {"-object", text, "-machine", absl::StrCat("memory-backend=", kMemoryObject)});
  std::string xml = "<qemu:commandline>";
  for (const std::string& argument : arguments) {
    absl::StrAppend(&xml, "<qemu:arg value='", Escape(argument), "'/>");
  }
  return absl::StrCat(xml, "</qemu:commandline>\n");
}

std::string Agent(const VmConfig& config, TransportKind transport) {
  if (!config.has_agent) return "";
  if (transport == TransportKind::kVsock) {
    return absl::StrCat("<vsock model='virtio'><cid auto='yes'/>", Slot(kAgentSlot), "</vsock>\n");
  }
  return absl::StrCat(
      "<controller type='virtio-serial' index='0' ports='", kSerialPorts, "'>", Slot(kAgentSlot),
      "</controller>\n<channel type='unix'><source mode='bind' path='", Escape(AgentSocket(config)),
      "'/><target type='virtio' name='", kAgentSerialPortName, "'/></channel>\n");
}

std::string SecurityLabel(const std::optional<RunAs>& run_as) {
  if (!run_as.has_value()) return "";
  // relabel='no': libvirt changes the owner of no file. The caller made the machine's files for
  // this user.
  return absl::StrCat("<seclabel type='static' model='dac' relabel='no'><label>+", run_as->uid,
                      ":+", run_as->gid, "</label></seclabel>\n");
}

}  // namespace

std::string BuildDomainXml(const VmConfig& config, const DomainOptions& options) {
  return absl::StrCat(
      "<domain type='", options.accelerator == Accelerator::kKvm ? "kvm" : "qemu",
      "' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n<name>", config.id.value(),
      "</name><uuid>", options.uuid, "</uuid>\n",
      // Another one for each machine: a guest whose kernel looks at it (CONFIG_VMGENID) takes fresh
      // random numbers when it goes on in another machine.
      "<genid/>\n", Metadata(config, options), "<memory unit='MiB'>", config.memory_mib,
      "</memory><vcpu>", config.vcpus, "</vcpu>\n", Boot(config), Processor(options.accelerator),
      // A browser's machine that reboots has lost its browser: it ends.
      "<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot>"
      "<on_crash>destroy</on_crash>\n<devices>\n",
      Disks(config),
      // Appending, so that the log can be cut while the machine writes.
      "<serial type='file'><source path='", Escape(config.directory), "/", kConsoleLogName,
      "' append='on'/></serial>\n", Agent(config, options.transport),
      "<rng model='virtio'><backend model='random'>/dev/urandom</backend>", Slot(kRngSlot),
      "</rng>\n"
      "<controller type='usb' model='none'/><memballoon model='none'/>"
      "<audio id='1' type='none'/>\n</devices>\n",
      SecurityLabel(options.run_as), Memory(config), "</domain>\n");
}

std::optional<std::string> FirstTagAttribute(absl::string_view xml, absl::string_view name) {
  // libvirt writes '>' within a value as &gt;, so the first one ends the tag.
  const absl::string_view tag = xml.substr(0, xml.find('>'));
  size_t at = tag.find(' ');
  while (at != absl::string_view::npos) {
    const size_t start = tag.find_first_not_of(" \n", at);
    const size_t equals = tag.find('=', at);
    if (equals == absl::string_view::npos || equals + 1 >= tag.size()) return std::nullopt;
    const char quote = tag[equals + 1];
    if (quote != '"' && quote != '\'') return std::nullopt;
    const size_t value = equals + 2;
    const size_t end = tag.find(quote, value);
    if (end == absl::string_view::npos) return std::nullopt;
    if (tag.substr(start, equals - start) == name) return Unescape(tag.substr(value, end - value));
    at = end + 1;
  }
  return std::nullopt;
}

bool IsOwnedBy(absl::string_view metadata, absl::string_view owner) {
  return FirstTagAttribute(metadata, "owner") == owner;
}

std::string ParseDirectory(absl::string_view metadata) {
  return FirstTagAttribute(metadata, "directory").value_or("");
}

std::string ParseMemoryFile(absl::string_view metadata) {
  return FirstTagAttribute(metadata, "memory").value_or("");
}

bool IsShell(absl::string_view metadata) { return FirstTagAttribute(metadata, "start") == "shell"; }

bool HasScratchDisk(absl::string_view metadata) {
  return FirstTagAttribute(metadata, "scratch") == "yes";
}

GuestAddress ParseAgentAddress(absl::string_view metadata, absl::string_view live_xml) {
  const std::optional<std::string> kind = FirstTagAttribute(metadata, "agent");
  if (kind == "virtio-serial") {
    const std::optional<std::string> socket = FirstTagAttribute(metadata, "socket");
    if (socket.has_value()) return VirtioSerialAddress{*socket};
  }
  if (kind == "vsock") {
    const size_t start = live_xml.find("<cid ");
    if (start == absl::string_view::npos) return std::monostate{};
    const std::optional<std::string> cid = FirstTagAttribute(live_xml.substr(start), "address");
    uint32_t number = 0;
    if (cid.has_value() && absl::SimpleAtoi(*cid, &number)) {
      return VsockAddress{.cid = number, .port = kAgentVsockPort};
    }
  }
  return std::monostate{};
}

}  // namespace orch

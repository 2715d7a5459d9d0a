#include "orchestrator/driver/libvirt/vm_config_check.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/libvirt/domain_xml.h"

namespace orch {
namespace {

// The kernel's COMMAND_LINE_SIZE on x86, with its final zero.
constexpr size_t kMaxCmdlineBytes = 2047;

absl::Status CheckText(absl::string_view field, absl::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return absl::InvalidArgumentError(absl::StrCat(field, " has a control character"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPath(absl::string_view field, const std::string& path) {
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(field, " must be an absolute path"));
  }
  ORCH_RETURN_IF_ERROR(CheckText(field, path));
  if (::access(path.c_str(), R_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(field, " ", path));
  }
  return absl::OkStatus();
}

absl::Status CheckOptionalPath(absl::string_view field, const std::string& path) {
  return path.empty() ? absl::OkStatus() : CheckPath(field, path);
}

absl::Status CheckMemoryFile(const VmConfig& config) {
  if (config.memory_file.empty()) {
    return config.start == VmStart::kShell
               ? absl::InvalidArgumentError("a shell needs a memory_file, the template's")
               : absl::OkStatus();
  }
  ORCH_RETURN_IF_ERROR(CheckPath("memory_file", config.memory_file));
  struct stat stat = {};
  if (::stat(config.memory_file.c_str(), &stat) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("memory_file ", config.memory_file));
  }
  const uint64_t bytes = uint64_t{config.memory_mib} << 20;
  if (!S_ISREG(stat.st_mode) || static_cast<uint64_t>(stat.st_size) != bytes) {
    return absl::InvalidArgumentError(absl::StrCat("memory_file ", config.memory_file, " has ",
                                                   stat.st_size, " bytes, must be a file of ",
                                                   bytes, ", memory_mib"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckVmConfig(const VmConfig& config, const HostInfo& host) {
  if (config.memory_mib == 0 || config.memory_mib > host.memory_mib) {
    return absl::InvalidArgumentError(absl::StrCat("memory_mib is ", config.memory_mib,
                                                   ", must be 1 to ", host.memory_mib,
                                                   ", what this host has"));
  }
  if (config.vcpus == 0 || config.vcpus > host.cpus) {
    return absl::InvalidArgumentError(absl::StrCat("vcpus is ", config.vcpus, ", must be 1 to ",
                                                   host.cpus, ", what this host has"));
  }
  ORCH_RETURN_IF_ERROR(CheckPath("kernel", config.kernel));
  ORCH_RETURN_IF_ERROR(CheckOptionalPath("initramfs", config.initramfs));
  ORCH_RETURN_IF_ERROR(CheckOptionalPath("root_disk", config.root_disk));
  ORCH_RETURN_IF_ERROR(CheckOptionalPath("scratch_disk", config.scratch_disk));
  ORCH_RETURN_IF_ERROR(CheckPath("directory", config.directory));
  ORCH_RETURN_IF_ERROR(CheckMemoryFile(config));
  ORCH_RETURN_IF_ERROR(CheckText("kernel_cmdline", config.kernel_cmdline));
  if (config.kernel_cmdline.size() > kMaxCmdlineBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "kernel_cmdline has ", config.kernel_cmdline.size(), " bytes, at most ", kMaxCmdlineBytes));
  }
  // Room for "/", the name of the socket and the final zero byte.
  constexpr size_t kMaxDirectoryBytes =
      sizeof(sockaddr_un::sun_path) - sizeof(kAgentSocketName) - 1;
  if (config.directory.size() > kMaxDirectoryBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "directory ", config.directory, " has ", config.directory.size(), " bytes, at most ",
        kMaxDirectoryBytes, " fit the unix socket in it; use a shorter state directory"));
  }
  return absl::OkStatus();
}

}  // namespace orch

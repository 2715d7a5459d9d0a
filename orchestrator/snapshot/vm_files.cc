#include "orchestrator/snapshot/vm_files.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr char kKernelName[] = "kernel";
constexpr char kInitramfsName[] = "initramfs";
constexpr char kRootName[] = "root";

absl::Status Link(const std::string& file, const std::string& link) {
  if (::link(file.c_str(), link.c_str()) == 0) return absl::OkStatus();
  // Another file system, or one without hard links.
  if ((errno == EXDEV || errno == EPERM || errno == EMLINK) &&
      ::symlink(file.c_str(), link.c_str()) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot link ", file, " to ", link));
}

}  // namespace

absl::Status LinkImageFiles(const Image& image, const std::string& directory) {
  ORCH_RETURN_IF_ERROR(Link(image.kernel, absl::StrCat(directory, "/", kKernelName)));
  if (!image.initramfs.empty()) {
    ORCH_RETURN_IF_ERROR(Link(image.initramfs, absl::StrCat(directory, "/", kInitramfsName)));
  }
  if (!image.root.empty()) {
    ORCH_RETURN_IF_ERROR(Link(image.root, absl::StrCat(directory, "/", kRootName)));
  }
  return absl::OkStatus();
}

VmConfig MachineConfig(const TemplateSpec& spec, const std::string& directory) {
  const auto if_there = [&](const char* name) {
    std::string path = absl::StrCat(directory, "/", name);
    return ::access(path.c_str(), F_OK) == 0 ? path : std::string();
  };
  return {.id = VmId::Generate(),
          .memory_mib = spec.browser.memory_mib,
          .vcpus = spec.browser.vcpus,
          .kernel = absl::StrCat(directory, "/", kKernelName),
          .initramfs = if_there(kInitramfsName),
          .kernel_cmdline = spec.kernel_cmdline,
          .root_disk = if_there(kRootName),
          .scratch_disk = {},
          .directory = {},
          .has_agent = spec.has_agent};
}

}  // namespace orch

#include "tests/e2e/driver/libvirt_world.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/subprocess.h"
#include "tests/support/capability_cache.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

constexpr absl::Duration kToolTimeout = absl::Seconds(20);

const TempDir& ProcessDir() {
  static const TempDir dir;
  return dir;
}

}  // namespace

std::unique_ptr<LibvirtWorld> LibvirtWorld::Embedded() {
  return absl::WrapUnique(new LibvirtWorld(
      {.embed_root = ProcessDir().File("libvirt"), .accelerator = AcceleratorChoice::kTcg}));
}

std::unique_ptr<LibvirtWorld> LibvirtWorld::System() {
  return absl::WrapUnique(
      new LibvirtWorld({.owner = ProcessDir().path(), .accelerator = AcceleratorChoice::kTcg}));
}

absl::StatusOr<std::unique_ptr<VmDriver>> LibvirtWorld::Open() {
  if (options_.embed_root.empty()) return LibvirtVmDriver::Create(options_);
  const CapabilityCache capabilities = CapabilityCache::OfRoot(options_.embed_root);
  capabilities.Seed();
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<VmDriver> driver, LibvirtVmDriver::Create(options_));
  capabilities.Keep();
  return driver;
}

absl::StatusOr<VmConfig> LibvirtWorld::NewConfig() {
  const char* image = std::getenv("ORCH_TEST_IMAGE_DIR");
  if (image == nullptr) {
    return absl::FailedPreconditionError("ORCH_TEST_IMAGE_DIR must name an image's directory");
  }
  const VmId id = VmId::Generate();
  const std::string directory = ProcessDir().File(id.value());
  const std::string scratch = directory + "/scratch.qcow2";
  std::error_code error;
  std::filesystem::create_directory(directory, error);
  ORCH_RETURN_IF_ERROR(
      RunProgram({"qemu-img", "create", "-q", "-f", "qcow2", scratch, "64M"}, kToolTimeout)
          .status());
  if (::geteuid() == 0) {
    ORCH_ASSIGN_OR_RETURN(const VmUser user, FindVmUser(options_.qemu_user));
    for (const std::string& path : {directory, scratch}) {
      if (::chown(path.c_str(), user.ids.uid, user.ids.gid) != 0) {
        return absl::ErrnoToStatus(errno, absl::StrCat("cannot chown ", path));
      }
    }
  }
  return VmConfig{.id = id,
                  .memory_mib = 256,
                  .vcpus = 1,
                  .kernel = absl::StrCat(image, "/vmlinux"),
                  .initramfs = absl::StrCat(image, "/initramfs"),
                  .kernel_cmdline = "console=ttyS0 panic=-1",
                  .root_disk = absl::StrCat(image, "/root.erofs"),
                  .scratch_disk = scratch,
                  .directory = directory};
}

}  // namespace orch::testing

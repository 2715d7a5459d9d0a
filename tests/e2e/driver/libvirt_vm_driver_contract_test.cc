#include <cstdlib>

#include "tests/contract/driver/vm_driver_contract.h"
#include "tests/e2e/driver/libvirt_world.h"

namespace orch::testing {
namespace {

std::vector<VmDriverWorldParam> Worlds() {
  std::vector<VmDriverWorldParam> worlds = {{"Embedded", [] { return LibvirtWorld::Embedded(); }}};
  // For example qemu:///system, where a libvirt daemon is up.
  if (const char* uri = std::getenv("ORCH_TEST_LIBVIRT_URI"); uri != nullptr) {
    worlds.push_back({"Daemon", [uri] { return LibvirtWorld::Daemon(uri); }});
  }
  return worlds;
}

INSTANTIATE_TEST_SUITE_P(Libvirt, VmDriverContractTest, ::testing::ValuesIn(Worlds()),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace orch::testing

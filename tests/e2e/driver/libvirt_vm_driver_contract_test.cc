#include "tests/contract/driver/vm_driver_contract.h"
#include "tests/e2e/driver/libvirt_world.h"

namespace orch::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Libvirt, VmDriverContractTest,
                         ::testing::Values(VmDriverWorldParam{
                             "Embedded", [] { return LibvirtWorld::Embedded(); }}),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace orch::testing

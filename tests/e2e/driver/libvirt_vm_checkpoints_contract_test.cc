#include "tests/contract/driver/vm_checkpoints_contract.h"
#include "tests/e2e/driver/libvirt_checkpoints_world.h"

namespace orch::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Libvirt, VmCheckpointsContractTest,
                         ::testing::Values(VmCheckpointsWorldParam{
                             "Embedded",
                             [] { return std::make_unique<LibvirtCheckpointsWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace orch::testing

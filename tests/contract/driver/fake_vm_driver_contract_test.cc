#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "tests/contract/driver/vm_driver_contract.h"

namespace orch::testing {
namespace {

class FakeWorld : public VmDriverWorld {
 public:
  absl::StatusOr<std::unique_ptr<VmDriver>> Open() override {
    return std::make_unique<FakeVmDriver>(host_);
  }
  absl::StatusOr<VmConfig> NewConfig() override {
    return VmConfig{.id = VmId::Generate(), .memory_mib = 512, .vcpus = 1, .directory = "/vm"};
  }

 private:
  const std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
};

INSTANTIATE_TEST_SUITE_P(Fake, VmDriverContractTest,
                         ::testing::Values(VmDriverWorldParam{
                             "Fake", [] { return std::make_unique<FakeWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace orch::testing

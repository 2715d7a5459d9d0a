#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "tests/contract/driver/vm_checkpoints_contract.h"

namespace orch::testing {
namespace {

// Guests count because the test writes the next number into their memory.
class FakeWorld : public VmCheckpointsWorld {
 public:
  absl::StatusOr<Opened> Open() override {
    auto driver = std::make_unique<FakeVmDriver>(host_);
    VmCheckpoints* checkpoints = &driver->checkpoints();
    return Opened{.driver = std::move(driver), .checkpoints = checkpoints};
  }
  absl::StatusOr<VmConfig> NewBoot() override {
    return VmConfig{.id = VmId::Generate(),
                    .memory_mib = 512,
                    .vcpus = 1,
                    .scratch_disk = absl::StrCat("/", RandomId(8)),
                    .directory = "/vm",
                    .memory_file = dir_.File(RandomId(8))};
  }
  absl::StatusOr<VmConfig> NewShell(const VmConfig& boot, const std::string& disk) override {
    VmConfig shell = boot;
    shell.id = VmId::Generate();
    shell.start = VmStart::kShell;
    shell.scratch_disk = disk;
    return shell;
  }
  absl::StatusOr<std::string> CopyDisk(const std::string& /*disk*/) override {
    return absl::StrCat("/", RandomId(8));
  }
  absl::StatusOr<uint64_t> NextCount(const VmConfig& config) override {
    ORCH_ASSIGN_OR_RETURN(const uint64_t last, LastCount(config));
    ORCH_RETURN_IF_ERROR(host_->SetMemory(config.id, absl::StrCat(last + 1)));
    return last + 1;
  }
  absl::StatusOr<uint64_t> LastCount(const VmConfig& config) override {
    ORCH_ASSIGN_OR_RETURN(const std::string memory, host_->Memory(config.id));
    uint64_t count = 0;
    if (!memory.empty() && !absl::SimpleAtoi(memory, &count)) {
      return absl::DataLossError(absl::StrCat("the memory is ", memory));
    }
    return count;
  }

 private:
  const TempDir dir_;
  const std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
};

INSTANTIATE_TEST_SUITE_P(Fake, VmCheckpointsContractTest,
                         ::testing::Values(VmCheckpointsWorldParam{
                             "Fake", [] { return std::make_unique<FakeWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace orch::testing

#include "orchestrator/driver/fake/fake_vm_driver.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

class FakeConsole : public VmConsole {
 public:
  FakeConsole(std::shared_ptr<FakeHost> host, std::string directory)
      : host_(std::move(host)), directory_(std::move(directory)) {}

  absl::StatusOr<ConsoleChunk> Read(uint64_t offset, size_t max_bytes) override {
    return host_->ReadConsole(directory_, offset, max_bytes);
  }

 private:
  // As real consoles, it outlives its driver.
  const std::shared_ptr<FakeHost> host_;
  const std::string directory_;
};

}  // namespace

absl::StatusOr<VmInfo> FakeVmDriver::Start(const VmConfig& config) { return host_->Start(config); }

absl::Status FakeVmDriver::Pause(const VmId& id) { return host_->SetState(id, VmState::kPaused); }

absl::Status FakeVmDriver::Resume(const VmId& id) { return host_->SetState(id, VmState::kRunning); }

absl::Status FakeVmDriver::Destroy(const VmId& id) { return host_->Destroy(id); }

absl::StatusOr<VmInfo> FakeVmDriver::Get(const VmId& id) { return host_->Get(id); }

absl::StatusOr<std::vector<VmInfo>> FakeVmDriver::List() { return host_->List(); }

absl::StatusOr<std::unique_ptr<VmConsole>> FakeVmDriver::OpenConsole(const std::string& directory) {
  ORCH_RETURN_IF_ERROR(host_->ReadConsole(directory, 0, 0).status());
  return std::make_unique<FakeConsole>(host_, directory);
}

std::unique_ptr<VmEventSubscription> FakeVmDriver::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return host_->Subscribe(std::move(callback));
}

}  // namespace orch

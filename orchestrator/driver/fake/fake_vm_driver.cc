#include "orchestrator/driver/fake/fake_vm_driver.h"

namespace orch {

absl::StatusOr<VmInfo> FakeVmDriver::Start(const VmConfig& config) { return host_->Start(config); }

absl::Status FakeVmDriver::Pause(const VmId& id) { return host_->SetState(id, VmState::kPaused); }

absl::Status FakeVmDriver::Resume(const VmId& id) { return host_->SetState(id, VmState::kRunning); }

absl::Status FakeVmDriver::Destroy(const VmId& id) { return host_->Destroy(id); }

absl::StatusOr<VmInfo> FakeVmDriver::Get(const VmId& id) { return host_->Get(id); }

absl::StatusOr<std::vector<VmInfo>> FakeVmDriver::List() { return host_->List(); }

absl::StatusOr<std::string> FakeVmDriver::ConsoleTail(const std::string& directory,
                                                      size_t max_bytes) {
  return host_->ConsoleTail(directory, max_bytes);
}

std::unique_ptr<VmEventSubscription> FakeVmDriver::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return host_->Subscribe(std::move(callback));
}

}  // namespace orch

#pragma once

#include <memory>
#include <utility>

#include "orchestrator/driver/fake/fake_host.h"
#include "orchestrator/driver/fake/fake_vm_checkpoints.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_driver.h"

namespace orch {

// A driver without virtual machines: they are entries in a FakeHost. For tests and `--driver=fake`.
//
// Thread-safe. It looks at no file named in a VmConfig, so that tests need none; its checkpoints
// look at memory files alone.
class FakeVmDriver : public VmDriver {
 public:
  FakeVmDriver() : FakeVmDriver(std::make_shared<FakeHost>()) {}
  // `host` is shared with the test, and with the driver that comes after this one.
  explicit FakeVmDriver(std::shared_ptr<FakeHost> host)
      : host_(std::move(host)), checkpoints_(*host_) {}

  const HostInfo& host() const override { return host_->info(); }
  absl::StatusOr<VmInfo> Start(const VmConfig& config) override;
  absl::Status Pause(const VmId& id) override;
  absl::Status Resume(const VmId& id) override;
  absl::Status Destroy(const VmId& id) override;
  absl::StatusOr<VmInfo> Get(const VmId& id) override;
  absl::StatusOr<std::vector<VmInfo>> List() override;
  absl::StatusOr<std::unique_ptr<VmConsole>> OpenConsole(const std::string& directory) override;
  std::unique_ptr<VmEventSubscription> Subscribe(
      std::function<void(const VmEvent&)> callback) override;

  // Saves and loads the host's machines, as long as this driver lives.
  VmCheckpoints& checkpoints() { return checkpoints_; }

 private:
  const std::shared_ptr<FakeHost> host_;
  FakeVmCheckpoints checkpoints_;
};

}  // namespace orch

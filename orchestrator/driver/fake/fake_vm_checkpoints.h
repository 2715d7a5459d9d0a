#pragma once

#include <string>

#include "orchestrator/driver/fake/fake_host.h"
#include "orchestrator/driver/vm_checkpoints.h"

namespace orch {

// Saves and loads the machines of a FakeHost, with real files. Thread-safe.
//
// A machine that boots writes its memory into its memory file when its devices are saved, and a
// shell begins with what is there; a file that is missing is made, and one that is not the fake's
// is empty memory. Devices carry the moment at which they were saved, and pages, too: loading pages
// of one moment and devices of another is refused, where a real guest would be destroyed.
class FakeVmCheckpoints : public VmCheckpoints {
 public:
  // `host` must outlive this.
  explicit FakeVmCheckpoints(FakeHost& host) : host_(host) {}

  absl::StatusOr<std::string> SaveDevices(const VmId& id) override;
  absl::Status LoadDevices(const VmId& id, absl::string_view devices) override;
  absl::StatusOr<PageCount> SavePages(const VmId& id, const std::string& path) override;
  absl::StatusOr<PageCount> LoadPages(const VmId& id, const std::string& path) override;
  absl::Status ReplaceScratchDisk(const VmId& id, const std::string& path) override;

 private:
  FakeHost& host_;
};

}  // namespace orch

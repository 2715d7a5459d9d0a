#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/snapshot/shells.h"
#include "orchestrator/snapshot/vm_directories.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch::testing {

// A fake host and shells of one template on it, without scratch disks.
class ShellsFixture : public TemplateCatalogFixture {
 protected:
  static constexpr absl::Duration kKeep = absl::Minutes(1);

  ShellsFixture() {
    spec_.scratch_mib = 0;
    absl::StatusOr<TemplateRef> base = MakeTemplate(*catalog_, spec_);
    EXPECT_THAT(base, IsOk());
    base_ = *std::move(base);
    Restart({.spare = 0});
  }

  void Restart(Shells::Options options) {
    options.keep = kKeep;
    options.max_concurrent_starts = 1;
    shells_.reset();
    shells_ = std::make_unique<Shells>(driver_, directories_, observer_, clock_, options);
  }

  // Finds the template damaged, and makes another under its key.
  TemplateRef MakeAnew(const TemplateRef& base) {
    FlipByte(base->DevicesFile(), 0);
    EXPECT_THAT(catalog_->ReadDevices(base), StatusIs(absl::StatusCode::kDataLoss));
    absl::StatusOr<TemplateRef> made = MakeTemplate(*catalog_, base->spec, "other memory");
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  // Blocks until there are so many spare shells.
  void AwaitSpare(size_t count) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (shells_->spare_count() != count) {
      ASSERT_LT(absl::Now(), deadline) << shells_->spare_count() << " spare shells";
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  std::set<VmId> Machines() {
    std::set<VmId> ids;
    const std::vector<VmInfo> vms = host_->List().value();
    for (const VmInfo& vm : vms) ids.insert(vm.id);
    return ids;
  }

  const TempDir vms_;
  TemplateSpec spec_ = TestSpec();
  TemplateRef base_;
  std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
  FakeVmDriver driver_{host_};
  MachineObserver observer_;
  VmDirectories directories_{vms_.path(), host_->info().vm_uid, host_->info().vm_gid};
  std::unique_ptr<Shells> shells_;
};

}  // namespace orch::testing

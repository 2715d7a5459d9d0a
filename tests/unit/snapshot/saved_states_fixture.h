#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"

#include "orchestrator/model/session_id.h"
#include "orchestrator/model/vm_id.h"
#include "orchestrator/snapshot/saved_states.h"
#include "tests/unit/snapshot/fake_checkpoints.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch::testing {

// One template, and one machine that is a clone of it.
class SavedStatesFixture : public TemplateCatalogFixture {
 protected:
  SavedStatesFixture() : states_(states_root_.path(), checkpoints_, *catalog_) {
    absl::StatusOr<TemplateRef> base = MakeTemplate(*catalog_, TestSpec());
    EXPECT_THAT(base, IsOk());
    base_ = *std::move(base);
    std::ofstream(disk_) << "the disk of a machine";
  }

  absl::Status Save(SavedStates::Disk disk = SavedStates::Disk::kLink) {
    return states_.Save(id_, vm_, base_, disk_, disk).status();
  }

  std::string StateFile(const std::string& name) const {
    return states_root_.File(id_.value()) + "/" + name;
  }

  const TempDir states_root_;
  const TempDir machine_;
  const std::string disk_ = machine_.File("disk.qcow2");
  FakeCheckpoints checkpoints_;
  const SessionId id_ = SessionId::Generate();
  const VmId vm_ = VmId::Generate();
  TemplateRef base_;
  SavedStates states_;
};

}  // namespace orch::testing

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "tests/contract/driver/vm_checkpoints_world.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// Makes, saves and loads the machines of a world. Destroys what a test started.
class VmCheckpointsFixture : public ::testing::TestWithParam<VmCheckpointsWorldParam> {
 protected:
  // A moment of a machine.
  struct Saved {
    VmConfig boot{.id = VmId::Generate()};
    std::string devices;
    // Empty: the template's memory.
    std::string pages;
    std::string disk;
    uint64_t count = 0;
  };

  void SetUp() override;
  void TearDown() override;

  // The driver that comes after this one.
  void Reopen();

  // Boots a machine, lets it count, saves it and destroys it.
  void MakeTemplate(Saved& saved);

  // Starts a shell on the memory of `saved` with a copy of its disk. A failure fails the test.
  VmConfig StartShell(const Saved& saved);
  // A shell of a machine that never ran.
  VmConfig StartBlankShell();

  // Puts `saved` into a new shell, which is then paused.
  void Load(const Saved& saved, VmConfig& machine);

  // Saves the paused machine `machine`, which began with `base`.
  void Save(const VmConfig& machine, const Saved& base, Saved& saved);

  // Resumes `machine` and expects that it counts on from `count`.
  void ExpectCountsOnFrom(const VmConfig& machine, uint64_t count);

  std::unique_ptr<VmCheckpointsWorld> world_;
  std::unique_ptr<VmDriver> driver_;
  VmCheckpoints* checkpoints_ = nullptr;
  const TempDir dir_;

 private:
  VmConfig Started(absl::StatusOr<VmConfig> config);

  std::vector<VmId> started_;
  int saves_ = 0;
};

}  // namespace orch::testing

#pragma once

#include <memory>
#include <vector>

#include "gtest/gtest.h"

#include "orchestrator/driver/vm_driver.h"
#include "tests/contract/driver/vm_driver_world.h"

namespace orch::testing {

// The suite of promises that every VmDriver keeps. Destroys what a test started.
class VmDriverContractTest : public ::testing::TestWithParam<VmDriverWorldParam> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A machine that can be started and is destroyed after the test.
  VmConfig NewConfig();

  std::unique_ptr<VmDriverWorld> world_;
  std::unique_ptr<VmDriver> driver_;

 private:
  std::vector<VmId> started_;
};

}  // namespace orch::testing

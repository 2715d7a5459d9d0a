#pragma once

#include "tests/contract/driver/vm_checkpoints_fixture.h"

namespace orch::testing {

// The suite of promises that every VmCheckpoints keeps.
class VmCheckpointsContractTest : public VmCheckpointsFixture {};

}  // namespace orch::testing

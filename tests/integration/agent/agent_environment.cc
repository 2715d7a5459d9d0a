// What the agent does before it has threads: SIGCHLD is blocked in every thread, gRPC's too, since
// one that does not block it takes it away from the reaper.
#include "gtest/gtest.h"

#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/base/grpc_runtime.h"

namespace orch::agent {
namespace {

class AgentEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    ChildReaper::BlockSignal();
    KeepGrpcRunning();
  }
};

const ::testing::Environment* const kAgentEnvironment =
    ::testing::AddGlobalTestEnvironment(new AgentEnvironment);

}  // namespace
}  // namespace orch::agent

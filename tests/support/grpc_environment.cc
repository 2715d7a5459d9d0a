// Keeps gRPC up from the first test to the end of the process, as the programs do.
#include "gtest/gtest.h"

#include "orchestrator/base/grpc_runtime.h"

namespace orch {
namespace {

class GrpcEnvironment : public ::testing::Environment {
 public:
  void SetUp() override { KeepGrpcRunning(); }
};

const ::testing::Environment* const kGrpcEnvironment =
    ::testing::AddGlobalTestEnvironment(new GrpcEnvironment);

}  // namespace
}  // namespace orch

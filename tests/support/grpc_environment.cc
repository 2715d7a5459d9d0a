// Keeps gRPC up from the first test to the end of the process. Without it the last channel or
// server of each test shuts the library down, which in 1.51 waits for up to 10 s for a poller that
// nobody wakes, and a test that starts gRPC again at once can meet the threads of the last one. A
// daemon starts gRPC once, too.
#include "gtest/gtest.h"

#include "grpc/grpc.h"

namespace orch {
namespace {

class GrpcEnvironment : public ::testing::Environment {
 public:
  void SetUp() override { grpc_init(); }
};

const ::testing::Environment* const kGrpcEnvironment =
    ::testing::AddGlobalTestEnvironment(new GrpcEnvironment);

}  // namespace
}  // namespace orch

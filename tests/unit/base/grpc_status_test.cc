#include "orchestrator/base/grpc_status.h"

#include <string>

#include "gtest/gtest.h"

namespace orch {
namespace {

TEST(GrpcStatusTest, KeepsEveryCodeAndMessageBothWays) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(ToGrpcStatus(status).error_code(), code);
    EXPECT_EQ(ToGrpcStatus(status).error_message(), "why");
    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)), status);
  }
}

TEST(GrpcStatusTest, TurnsCodesThatAreNoneIntoUnknown) {
  // The enum's own codes end at 16; 31 is the largest number that it can hold without undefined
  // behaviour.
  const absl::Status status =
      FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(31), "why"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(ToGrpcStatus(status).error_code(), grpc::StatusCode::UNKNOWN);
}

TEST(GrpcStatusTest, CutsMessagesToWhatFitsEncoded) {
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(std::string(4096, 'x'))).error_message().size(),
            4096u);
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(std::string(9999, 'x'))).error_message().size(),
            4096u);
  // Each of these takes three bytes as a header.
  for (const char c : {'\n', '\xff', '%'}) {
    EXPECT_EQ(ToGrpcStatus(absl::InternalError(std::string(9999, c))).error_message().size(),
              1365u);
  }
}

}  // namespace
}  // namespace orch

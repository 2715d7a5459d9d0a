#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace orch {

// The one translation between absl and gRPC statuses. Codes are the same numbers by definition
// (google.rpc.Code); messages are kept, cut to 4 KiB because gRPC sends them as a header.
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace orch

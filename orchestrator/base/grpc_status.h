#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace orch {

// The one translation between absl and gRPC statuses. Codes are the same numbers by definition
// (google.rpc.Code), and what is none becomes UNKNOWN; messages are kept, cut to what gRPC can
// encode in 4 KiB because it sends them as a header.
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace orch

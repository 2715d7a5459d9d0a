#pragma once

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace orch {

// Nanoseconds are kept.
google::protobuf::Timestamp ToProto(absl::Time time);

// Not for infinite ones.
google::protobuf::Duration ToProto(absl::Duration duration);

absl::Duration FromProto(const google::protobuf::Duration& duration);

}  // namespace orch

#pragma once

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace orch {

// Nanoseconds are kept.
google::protobuf::Timestamp ToProto(absl::Time time);

}  // namespace orch

#pragma once

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace orch::agent {

inline google::protobuf::Timestamp ToProtoTimestamp(absl::Time time) {
  const timespec parts = absl::ToTimespec(time);
  google::protobuf::Timestamp proto;
  proto.set_seconds(parts.tv_sec);
  proto.set_nanos(static_cast<int32_t>(parts.tv_nsec));
  return proto;
}

// `duration` must not be negative.
inline google::protobuf::Duration ToProtoDuration(absl::Duration duration) {
  const timespec parts = absl::ToTimespec(duration);
  google::protobuf::Duration proto;
  proto.set_seconds(parts.tv_sec);
  proto.set_nanos(static_cast<int32_t>(parts.tv_nsec));
  return proto;
}

}  // namespace orch::agent

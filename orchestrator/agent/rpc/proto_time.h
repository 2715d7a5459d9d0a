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

// `duration` must be finite.
inline google::protobuf::Duration ToProtoDuration(absl::Duration duration) {
  // Both parts have the sign of the whole, as the format asks.
  const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &duration);
  google::protobuf::Duration proto;
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

// Saturates: a malformed one is far out of anybody's range.
inline absl::Duration FromProtoDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

}  // namespace orch::agent

#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "orchestrator/agent/rpc/proto_time.h"

namespace orch::agent {

// The duration in field `name` of a request. INVALID_ARGUMENT: it is malformed or not within
// `least`..`most`; the message says so.
inline absl::StatusOr<absl::Duration> DurationField(absl::string_view name,
                                                    const google::protobuf::Duration& proto,
                                                    absl::Duration least, absl::Duration most) {
  constexpr int kMaxNanos = 999'999'999;
  const absl::Duration duration = FromProtoDuration(proto);
  if (proto.nanos() < -kMaxNanos || proto.nanos() > kMaxNanos || duration < least ||
      duration > most) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is ", absl::FormatDuration(duration),
                                                   "; it must be ", absl::FormatDuration(least),
                                                   "..", absl::FormatDuration(most)));
  }
  return duration;
}

}  // namespace orch::agent

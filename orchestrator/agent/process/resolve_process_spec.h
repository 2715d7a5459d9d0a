#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/child/cgroup_tree.h"
#include "orchestrator/agent/child/launch_child.h"
#include "orchestrator/agent/child/user_database.h"

namespace orch::agent {

// What the guest adds to a client's ProcessSpec.
struct ProcessDefaults {
  // User of calls that name none.
  std::string user;
  // Whether there is a screen: sets DISPLAY.
  bool headful = false;
};

struct ResolvedProcess {
  // Without descriptors.
  ChildSpec child;
  absl::Duration timeout;
  CgroupLimits limits;
};

// What `timeout` may be.
struct TimeoutLimits {
  // When the spec has none; may be infinite.
  absl::Duration when_absent;
  absl::Duration max;
};

// Checks a client's spec against the limits in process.proto and fills in user, environment and
// working directory. Reads /etc/passwd.
//
// INVALID_ARGUMENT: a field is out of range or names an unknown user; the message names the field
// and its limit.
absl::StatusOr<ResolvedProcess> ResolveProcessSpec(const guest::v1::ProcessSpec& spec,
                                                   const UserDatabase& users,
                                                   const ProcessDefaults& defaults,
                                                   const TimeoutLimits& timeouts);

}  // namespace orch::agent

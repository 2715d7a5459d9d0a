#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// Two connected, non-blocking stream sockets. RESOURCE_EXHAUSTED: no descriptors left.
absl::StatusOr<std::pair<UniqueFd, UniqueFd>> MakeSocketPair();

// Makes `fd` non-blocking. INTERNAL when the kernel refuses.
absl::Status SetNonBlocking(int fd);

}  // namespace orch

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace orch {

// The names in the directory `directory` (a descriptor that can be read), without "." and "..", in
// byte order. Blocks. RESOURCE_EXHAUSTED: more than `max_names`.
absl::StatusOr<std::vector<std::string>> ReadNames(int directory, uint64_t max_names);

}  // namespace orch

#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace orch {

// The last `max_bytes` of a console log, "" when there is none. The directory belongs to the
// machine's user, so what lies there may be anything: links are not followed, and only a regular
// file is read. FAILED_PRECONDITION: it is something else.
absl::StatusOr<std::string> ReadConsoleTail(const std::string& path, size_t max_bytes);

}  // namespace orch

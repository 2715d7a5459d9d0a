#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace orch {

// What signs the tokens in URLs: 50 random characters in the file `path`, mode 0600, made when
// there is none. Errors as ReadFile's; FAILED_PRECONDITION: the file is no such secret, and the
// message says what to do.
absl::StatusOr<std::string> LoadUrlSecret(const std::string& path);

}  // namespace orch

#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace orch {

// The last lines of a guest's console for an error message: at most 8 lines of 200 bytes,
// everything but printable ASCII escaped. Empty when the console is.
std::string ConsoleExcerpt(absl::string_view console);

}  // namespace orch

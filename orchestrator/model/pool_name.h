#pragma once

#include "absl/strings/string_view.h"

namespace orch {

// Whether `text` can name a pool: 1..255 characters of [a-zA-Z0-9._-].
bool IsPoolName(absl::string_view text);

}  // namespace orch

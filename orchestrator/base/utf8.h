#pragma once

#include "absl/strings/string_view.h"

namespace orch {

// Whether all of `bytes` is well-formed UTF-8: no surrogates, no overlong forms, up to U+10FFFF.
bool IsUtf8(absl::string_view bytes);

}  // namespace orch

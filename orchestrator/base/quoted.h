#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace orch {

// `text` in double quotes, for error messages: what is not printable ASCII is escaped, and of more
// than kMaxQuotedBytes bytes the rest is replaced by "...". Messages are sent as gRPC headers,
// which are limited, and end up in logs and terminals.
constexpr size_t kMaxQuotedBytes = 200;
std::string Quoted(absl::string_view text);

}  // namespace orch

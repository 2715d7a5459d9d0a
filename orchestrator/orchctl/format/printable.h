#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace orch::ctl {

// `text` on one line and harmless to a terminal: control characters (also those of the C1 set) and
// bytes that are not UTF-8 become \n, \t or \xNN; the rest stays. For whatever a guest or a daemon
// wrote.
std::string Printable(absl::string_view text);

// Columns that `printable` takes on a terminal, taking each code point for one.
size_t DisplayWidth(absl::string_view printable);

}  // namespace orch::ctl

#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch::ctl {

// Writes all of `bytes` to a descriptor, blocking or not, without buffering. Blocks until the last
// byte is taken. ABORTED: the reader has gone (EPIPE; only where SIGPIPE is ignored). Else the code
// that fits errno.
absl::Status WriteAll(int fd, absl::string_view bytes);

}  // namespace orch::ctl

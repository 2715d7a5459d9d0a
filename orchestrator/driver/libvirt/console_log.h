#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_console.h"

namespace orch {

// A console log, to be read. The directory belongs to the machine's user, so what lies there may be
// anything: links are not followed, and only a regular file is read. NOT_FOUND: there is none.
// FAILED_PRECONDITION: it is something else.
absl::StatusOr<std::unique_ptr<VmConsole>> OpenConsoleLog(const std::string& path);

// A console log larger than kMaxConsoleBytes is cut to its last kKeptConsoleBytes.
inline constexpr off_t kMaxConsoleBytes = off_t{2} << 20;
inline constexpr size_t kKeptConsoleBytes = size_t{64} << 10;

// Cuts the console log if it is too large; OK when there is none. Its machine may be writing (it
// must append): what it writes meanwhile may be lost or come before older lines, which a log of a
// guest that floods it can bear. Touches only a regular file with no other name, owned by `owner`
// or this process's user. FAILED_PRECONDITION: it is something else.
absl::Status TrimConsoleLog(const std::string& path, uid_t owner);

}  // namespace orch

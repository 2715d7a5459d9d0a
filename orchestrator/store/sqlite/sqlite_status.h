#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// Translates the exception that is being handled, one of SQLiteCpp or std::bad_alloc, and returns
// its status. Call only from a catch block. `operation` ("write browser abc...") and `path` of the
// database go into the message.
//
// DATA_LOSS: the file is no database or is damaged. UNAVAILABLE: the disk refuses, or another
// process holds the file. RESOURCE_EXHAUSTED: no memory. INTERNAL: all else, which is a defect of
// ours. Each message says what to do.
absl::Status TranslateSqliteException(absl::string_view operation, const std::string& path);

// Runs `action`, which returns a Status or StatusOr, and returns what it returns, or the
// translation of what it throws. With TranslateSqliteException the one place where SQLite's
// exceptions end.
template <typename Action>
auto WithoutExceptions(absl::string_view operation, const std::string& path, Action action)
    -> decltype(action()) {
  try {
    return action();
  } catch (...) {
    return TranslateSqliteException(operation, path);
  }
}

}  // namespace orch

#pragma once

#include <functional>
#include <memory>

#include "absl/strings/string_view.h"

namespace orch {

// Gets each line that Log() writes, as it is written, without its end, for as long as it lives.
// `on_line` is called on the thread that logs, one call at a time; it must not log itself. Create
// it after InitLogging(). Thread-safe.
class LogTap {
 public:
  explicit LogTap(std::function<void(absl::string_view line)> on_line);
  ~LogTap();
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;

 private:
  class Impl;
  // Shared with the logger, as spdlog wants it.
  const std::shared_ptr<Impl> impl_;
};

}  // namespace orch

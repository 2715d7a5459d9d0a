#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"

namespace orch {

// A guest may write to its console without end: every second, one thread cuts the console logs that
// grew too large. A log thus takes kMaxConsoleBytes and what its guest writes in a second.
class ConsoleLimiter {
 public:
  // `directories` tells, on the limiter's thread, the directories of the machines that exist. Logs
  // must be owned by `vm_uid` or this process's user.
  ConsoleLimiter(std::function<std::vector<std::string>()> directories, uid_t vm_uid);
  // Stops and joins.
  ~ConsoleLimiter();
  ConsoleLimiter(const ConsoleLimiter&) = delete;
  ConsoleLimiter& operator=(const ConsoleLimiter&) = delete;

 private:
  void Run();

  const std::function<std::vector<std::string>()> directories_;
  const uid_t vm_uid_;
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace orch

#include "orchestrator/driver/libvirt/console_limiter.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "orchestrator/base/log.h"
#include "orchestrator/driver/libvirt/console_log.h"
#include "orchestrator/driver/libvirt/domain_xml.h"

namespace orch {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

}  // namespace

ConsoleLimiter::ConsoleLimiter(std::function<std::vector<std::string>()> directories, uid_t vm_uid)
    : directories_(std::move(directories)), vm_uid_(vm_uid), thread_([this] { Run(); }) {}

ConsoleLimiter::~ConsoleLimiter() {
  stop_.Notify();
  thread_.join();
}

void ConsoleLimiter::Run() {
  while (!stop_.WaitForNotificationWithTimeout(kInterval)) {
    for (const std::string& directory : directories_()) {
      const absl::Status status =
          TrimConsoleLog(absl::StrCat(directory, "/", kConsoleLogName), vm_uid_);
      if (!status.ok()) Log(LogLevel::kDebug, "console_not_trimmed", {{"error", status}});
    }
  }
}

}  // namespace orch

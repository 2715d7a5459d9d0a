#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "guest/v1/lifecycle.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/replay/replay_table.h"
#include "orchestrator/base/cancel_token.h"

namespace orch::agent {

// Changes the size of a headful browser's screen, around which recordings end and go on.
// Thread-safe; blocks, not on the loop's thread.
class ViewportChange {
 public:
  static constexpr uint32_t kMaxPixels = 16384;

  // How long recordings that go on are waited for until they have their first frame.
  static constexpr absl::Duration kBeginTime = absl::Seconds(30);

  // `display` is the X11 display; "" means that the browser is headless. The others outlive this.
  ViewportChange(EventLoop& loop, ReplayTable& recordings, std::string display)
      : loop_(loop), recordings_(recordings), display_(std::move(display)) {}

  // See LifecycleService.SetViewport for the errors. Recordings that were asked to end are waited
  // for, for up to Recording::kFinishTime; when `cancel` is cancelled by then, the size stays as it
  // is.
  absl::Status Run(const guest::v1::SetViewportRequest& request, const CancelToken& cancel);

 private:
  absl::Status Resize(const guest::v1::SetViewportRequest& request, const CancelToken& cancel,
                      const std::vector<std::shared_ptr<Recording>>& ending);
  // Waits until `reached`, which is called on the loop's thread, says so, or for `timeout`.
  void Await(Recording& recording, bool (*reached)(const Recording&), absl::Duration timeout);

  EventLoop& loop_;
  ReplayTable& recordings_;
  const std::string display_;
};

}  // namespace orch::agent

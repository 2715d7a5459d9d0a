#pragma once

#include <vector>

#include "absl/time/time.h"

#include "orchestrator/browser/room_maker.h"
#include "orchestrator/model/browser.h"

namespace orch {

// A live browser, and the uptime of its last activity.
struct PushCandidate {
  Browser browser;
  absl::Duration last_active;
};

// Those that may be pushed within `reach`: they are paused and have a machine. First what clients
// hold, longest idle first. Then what pools keep ready, in the opposite order: a pool hands out the
// longest idle first, which is to be quick. Pure.
std::vector<RoomMaker::Pushable> PushOrder(const std::vector<PushCandidate>& candidates,
                                           RoomMaker::Reach reach);

}  // namespace orch

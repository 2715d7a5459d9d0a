#pragma once

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "orchestrator/agent/computer/x_connection.h"

namespace orch::agent {

// Where the mouse goes after `wait`.
struct MouseStep {
  absl::Duration wait;
  ScreenPoint to;
};

// How long a hand takes for a way of this length.
absl::Duration HandDuration(ScreenPoint from, ScreenPoint to);

// The way of a hand from `from` to `to`, which is the last step: a cubic Bezier curve with a bend
// that `random` (of 0..1) decides, within `screen`, slow at both ends. All steps take `duration`.
std::vector<MouseStep> HandPath(ScreenPoint from, ScreenPoint to, absl::Duration duration,
                                ScreenSize screen, absl::FunctionRef<double()> random);

// The steps from the first of `points` (at least 2) through all of them, each a step's end.
// `smooth`: along a curve, slow at both ends, within `screen`; else in straight lines. All steps
// take `duration`, all alike long.
std::vector<MouseStep> DragPath(absl::Span<const ScreenPoint> points, int steps_per_segment,
                                absl::Duration duration, bool smooth, ScreenSize screen);

}  // namespace orch::agent

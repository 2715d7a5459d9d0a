#include "orchestrator/agent/computer/mouse_path.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace orch::agent {
namespace {

// A mouse's usual rate is 125 Hz; a screen shows 60.
constexpr absl::Duration kStep = absl::Milliseconds(10);
constexpr double kMinMilliseconds = 150;
constexpr double kMaxMilliseconds = 1200;

// A place between pixels.
struct Place {
  double x = 0;
  double y = 0;
  friend Place operator+(Place a, Place b) { return {a.x + b.x, a.y + b.y}; }
  friend Place operator-(Place a, Place b) { return {a.x - b.x, a.y - b.y}; }
  friend Place operator*(double f, Place a) { return {f * a.x, f * a.y}; }
};

Place PlaceOf(ScreenPoint point) {
  return {static_cast<double>(point.x), static_cast<double>(point.y)};
}

ScreenPoint PointOf(Place place, ScreenSize screen) {
  return {std::clamp(static_cast<int>(std::lround(place.x)), 0, screen.width - 1),
          std::clamp(static_cast<int>(std::lround(place.y)), 0, screen.height - 1)};
}

double Distance(ScreenPoint from, ScreenPoint to) {
  return std::hypot(to.x - from.x, to.y - from.y);
}

// Of 0..1 in time and way: slow, fast, slow.
double Ease(double t) { return t * t * (3 - 2 * t); }

Place Bezier(Place a, Place b, Place c, Place d, double t) {
  const double u = 1 - t;
  return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
}

}  // namespace

absl::Duration HandDuration(ScreenPoint from, ScreenPoint to) {
  // Fitts' law with a target of some 20 pixels.
  const double difficulty = std::log2(Distance(from, to) / 20 + 1);
  return absl::Milliseconds(std::min(kMinMilliseconds + 150 * difficulty, kMaxMilliseconds));
}

std::vector<MouseStep> HandPath(ScreenPoint from, ScreenPoint to, absl::Duration duration,
                                ScreenSize screen, absl::FunctionRef<double()> random) {
  const Place start = PlaceOf(from);
  const Place end = PlaceOf(to);
  const Place way = end - start;
  // To the same side, by up to a fifth of the way.
  const double side = random() < 0.5 ? -1 : 1;
  const Place across = {-way.y * side, way.x * side};
  const Place out = start + (0.2 + 0.2 * random()) * way + 0.2 * random() * across;
  const Place in = start + (0.6 + 0.2 * random()) * way + 0.2 * random() * across;
  const auto steps = std::max<int64_t>(duration / kStep, 1);
  std::vector<MouseStep> path;
  for (int64_t i = 1; i < steps; ++i) {
    const double t = Ease(static_cast<double>(i) / static_cast<double>(steps));
    path.push_back({duration / steps, PointOf(Bezier(start, out, in, end, t), screen)});
  }
  path.push_back({duration / steps, to});
  return path;
}

std::vector<MouseStep> DragPath(absl::Span<const ScreenPoint> points, int steps_per_segment,
                                absl::Duration duration, bool smooth, ScreenSize screen) {
  const size_t segments = points.size() - 1;
  const auto steps = static_cast<int64_t>(segments) * steps_per_segment;
  std::vector<MouseStep> path;
  for (size_t segment = 0; segment < segments; ++segment) {
    const Place start = PlaceOf(points[segment]);
    const Place end = PlaceOf(points[segment + 1]);
    // A Catmull-Rom curve: at each point it goes as from the point before to the point after.
    const Place before = segment == 0 ? start : PlaceOf(points[segment - 1]);
    const Place after = segment + 1 == segments ? end : PlaceOf(points[segment + 2]);
    const Place out = start + (1.0 / 6) * (end - before);
    const Place in = end - (1.0 / 6) * (after - start);
    for (int i = 1; i < steps_per_segment; ++i) {
      double t = static_cast<double>(i) / steps_per_segment;
      // Slow where the button goes down and up: the first and the last segment.
      if (smooth && segment == 0 && segments > 1) t = t * t * (2 - t);
      if (smooth && segment + 1 == segments && segments > 1) t = t + t * t - t * t * t;
      if (smooth && segments == 1) t = Ease(t);
      const Place place = smooth ? Bezier(start, out, in, end, t) : start + t * (end - start);
      path.push_back({duration / steps, PointOf(place, screen)});
    }
    path.push_back({duration / steps, points[segment + 1]});
  }
  return path;
}

}  // namespace orch::agent

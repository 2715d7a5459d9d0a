#include "orchestrator/agent/computer/mouse_path.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch::agent {
namespace {

constexpr ScreenSize kScreen{800, 600};

absl::Duration Total(const std::vector<MouseStep>& path) {
  absl::Duration total;
  for (const MouseStep& step : path) total += step.wait;
  return total;
}

TEST(HandPathTest, EndsWhereItShallInTheTimeGiven) {
  const auto path =
      HandPath({10, 10}, {700, 500}, absl::Milliseconds(500), kScreen, [] { return 0.7; });
  EXPECT_EQ(path.back().to, (ScreenPoint{700, 500}));
  EXPECT_GE(path.size(), 20u);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(Total(path)), 500, 0.1);
}

TEST(HandPathTest, StaysOnTheScreen) {
  for (const double random : {0.0, 0.49, 0.5, 0.999}) {
    const auto path = HandPath({799, 0}, {0, 0}, absl::Seconds(1), kScreen, [&] { return random; });
    for (const MouseStep& step : path) {
      ASSERT_GE(step.to.y, 0);
      ASSERT_LT(step.to.x, kScreen.width);
    }
  }
}

TEST(HandPathTest, IsSlowAtBothEndsAndNotStraight) {
  const auto path = HandPath({0, 300}, {600, 300}, absl::Seconds(1), kScreen, [] { return 0.9; });
  const auto step = [&](size_t i) { return path[i].to.x - path[i - 1].to.x; };
  EXPECT_LT(step(2), step(path.size() / 2));
  EXPECT_LT(step(path.size() - 1), step(path.size() / 2));
  EXPECT_NE(path[path.size() / 2].to.y, 300);
}

TEST(HandPathTest, TakesLongerForALongerWayWithinBounds) {
  const absl::Duration near = HandDuration({0, 0}, {10, 0});
  const absl::Duration far = HandDuration({0, 0}, {700, 500});
  EXPECT_LT(near, far);
  EXPECT_GE(HandDuration({5, 5}, {5, 5}), absl::Milliseconds(50));
  EXPECT_LE(HandDuration({0, 0}, {32767, 32767}), absl::Seconds(5));
}

TEST(DragPathTest, GoesStraightAndEvenly) {
  const std::vector<ScreenPoint> points = {{0, 0}, {100, 0}, {100, 50}};
  const auto path = DragPath(points, 5, absl::Milliseconds(100), false, kScreen);
  ASSERT_EQ(path.size(), 10u);
  EXPECT_EQ(path[0].to, (ScreenPoint{20, 0}));
  EXPECT_EQ(path[4].to, (ScreenPoint{100, 0}));
  EXPECT_EQ(path[5].to, (ScreenPoint{100, 10}));
  EXPECT_EQ(path[9].to, (ScreenPoint{100, 50}));
  EXPECT_NEAR(absl::ToDoubleMilliseconds(Total(path)), 100, 0.1);
}

TEST(DragPathTest, GoesSmoothlyThroughAllPoints) {
  const std::vector<ScreenPoint> points = {{0, 0}, {100, 0}, {100, 100}};
  const auto path = DragPath(points, 10, absl::Seconds(1), true, kScreen);
  ASSERT_EQ(path.size(), 20u);
  EXPECT_EQ(path[9].to, (ScreenPoint{100, 0}));
  EXPECT_EQ(path[19].to, (ScreenPoint{100, 100}));
  EXPECT_LT(path[0].to.x, 10);
  // A curve bulges where straight lines have a corner.
  EXPECT_GT(path[12].to.x, 100);
}

}  // namespace
}  // namespace orch::agent

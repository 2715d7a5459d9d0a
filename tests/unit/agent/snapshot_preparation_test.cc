#include "orchestrator/agent/lifecycle/snapshot_preparation.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/agent/fake_chromium.h"
#include "tests/unit/agent/fake_cpu_meter.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SnapshotPreparationTest : public ::testing::Test {
 protected:
  absl::StatusOr<absl::Duration> Run(std::vector<double> busy, absl::Duration idle_timeout,
                                     std::optional<uint16_t> devtools_port = std::nullopt) {
    FakeCpuMeter meter(std::move(busy));
    SnapshotPreparation preparation({.devtools_port = devtools_port,
                                     .meter = meter,
                                     .flush =
                                         [&] {
                                           ++flushes_;
                                           return flushed_;
                                         },
                                     .sleep = [&](absl::Duration d) { meter.Sleep(d); }});
    return preparation.Run(
        idle_timeout, [&] { return checks_++ < up_ ? absl::OkStatus() : down_; }, cancel_);
  }

  const absl::Status down_ = absl::FailedPreconditionError("not up: chromium");
  // So many checks of the programs succeed.
  int up_ = 1000;
  int checks_ = 0;
  int flushes_ = 0;
  absl::Status flushed_;
  CancelToken cancel_;
};

TEST_F(SnapshotPreparationTest, WaitsUntilTheGuestIsIdleAndFlushes) {
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration after, Run({2, 0}, absl::Seconds(60)));
  EXPECT_EQ(after, absl::Milliseconds(250));
  EXPECT_EQ(flushes_, 1);
}

TEST_F(SnapshotPreparationTest, FlushesAGuestThatIsNotIdleInTime) {
  EXPECT_THAT(Run({2}, absl::Seconds(5)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(flushes_, 1);
}

TEST_F(SnapshotPreparationTest, WaitsForNothingWithoutTimeout) {
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration after, Run({2}, absl::ZeroDuration()));
  EXPECT_EQ(after, absl::ZeroDuration());
  EXPECT_EQ(flushes_, 1);
}

TEST_F(SnapshotPreparationTest, RefusesATimeoutOutOfRange) {
  for (const absl::Duration timeout :
       {absl::Nanoseconds(-1), absl::Seconds(60) + absl::Nanoseconds(1),
        absl::InfiniteDuration()}) {
    EXPECT_THAT(Run({0}, timeout),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("idle_timeout")));
  }
  EXPECT_EQ(flushes_, 0);
}

TEST_F(SnapshotPreparationTest, RefusesAGuestWhoseProgramsAreDown) {
  up_ = 0;
  EXPECT_THAT(Run({0}, absl::Seconds(5)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chromium")));
  EXPECT_EQ(flushes_, 0);
}

TEST_F(SnapshotPreparationTest, NoticesAProgramThatEndsMeanwhile) {
  up_ = 1;
  EXPECT_THAT(Run({0}, absl::Seconds(5)), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SnapshotPreparationTest, BringsChromiumToBlank) {
  FakeChromium chromium{{"A", "https://a/"}};
  ORCH_ASSERT_OK(Run({0}, absl::Seconds(5), chromium.port()));
  EXPECT_THAT(chromium.pages(), ElementsAre(ChromiumPage{"NEW1", "about:blank"}));
}

TEST_F(SnapshotPreparationTest, RefusesAChromiumThatDoesNotAnswer) {
  uint16_t port = 0;
  {
    FakeChromium gone{};
    port = gone.port();
  }
  EXPECT_THAT(Run({0}, absl::Seconds(5), port), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(flushes_, 0);
}

TEST_F(SnapshotPreparationTest, StopsWhenItIsCancelled) {
  cancel_.Cancel(absl::CancelledError("enough"));
  EXPECT_THAT(Run({2}, absl::Seconds(60)), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(flushes_, 0);
}

TEST_F(SnapshotPreparationTest, ReportsWhatTheKernelRefuses) {
  flushed_ = absl::InternalError("no");
  EXPECT_THAT(Run({0}, absl::Seconds(5)), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace orch::agent

#include "orchestrator/metrics/metrics.h"

#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "orchestrator/metrics/pool_series.h"
#include "tests/unit/metrics/metrics_fixture.h"

namespace orch {
namespace {

using ::orch::testing::kExecMethod;
using ::orch::testing::MetricsFixture;
using ::orch::testing::MetricsScrape;
using ::testing::Eq;
using ::testing::Optional;

constexpr char kWaits[] = "orchestrator_acquire_wait_seconds_count";
constexpr char kRefillFailures[] = "orchestrator_refill_failures_total";
constexpr char kRpcs[] = "orchestrator_rpc_duration_seconds_count";
constexpr char kInProgress[] = "orchestrator_rpcs_in_progress";

class MetricsTest : public MetricsFixture {};

TEST_F(MetricsTest, SaysWhatIsRunning) {
  const MetricsScrape scrape = Scrape();
  EXPECT_THAT(scrape.Value("orchestrator_build_info", {{"version", "1.2.3"},
                                                       {"driver", "libvirt"},
                                                       {"hypervisor_version", "10.0.2"},
                                                       {"library_version", "11.3.0"},
                                                       {"accelerator", "tcg"},
                                                       {"transport", "virtio-serial"}}),
              Optional(1.0));
  EXPECT_THAT(scrape.Value("orchestrator_start_time_seconds"), Optional(1.6e9));
}

TEST_F(MetricsTest, PutsADurationIntoItsBucket) {
  metrics_.RecordClone(absl::StatusCode::kOk, absl::Milliseconds(15));
  const MetricsScrape scrape = Scrape();
  const std::string bucket = "orchestrator_clone_duration_seconds_bucket";
  EXPECT_THAT(scrape.Value(bucket, {{"code", "OK"}, {"le", "0.01"}}), Optional(0.0));
  EXPECT_THAT(scrape.Value(bucket, {{"code", "OK"}, {"le", "0.02"}}), Optional(1.0));
  EXPECT_THAT(scrape.Value("orchestrator_clone_duration_seconds_sum", {{"code", "OK"}}),
              Optional(0.015));
}

TEST_F(MetricsTest, CountsFailuresApartFromSuccesses) {
  metrics_.RecordBoot(absl::StatusCode::kOk, absl::Seconds(3));
  metrics_.RecordBoot(absl::StatusCode::kDeadlineExceeded, absl::Seconds(120));
  const MetricsScrape scrape = Scrape();
  const std::string count = "orchestrator_boot_duration_seconds_count";
  EXPECT_THAT(scrape.Value(count, {{"code", "OK"}}), Optional(1.0));
  EXPECT_THAT(scrape.Value(count, {{"code", "DEADLINE_EXCEEDED"}}), Optional(1.0));
}

TEST_F(MetricsTest, HasAZeroBeforeAnythingHappens) {
  EXPECT_THAT(Scrape().Value("orchestrator_boot_duration_seconds_count", {{"code", "OK"}}),
              Optional(0.0));
}

TEST_F(MetricsTest, CountsWhatIsNoCodeAsUnknown) {
  metrics_.RecordBoot(static_cast<absl::StatusCode>(17), absl::Seconds(1));
  metrics_.RecordBoot(static_cast<absl::StatusCode>(-1), absl::Seconds(1));
  EXPECT_THAT(Scrape().Value("orchestrator_boot_duration_seconds_count", {{"code", "UNKNOWN"}}),
              Optional(2.0));
}

TEST_F(MetricsTest, KeepsSumsFiniteAndGrowing) {
  metrics_.RecordBoot(absl::StatusCode::kOk, absl::InfiniteDuration());
  metrics_.RecordBoot(absl::StatusCode::kOk, -absl::InfiniteDuration());
  EXPECT_THAT(Scrape().Value("orchestrator_boot_duration_seconds_sum", {{"code", "OK"}}),
              Optional(365.0 * 24 * 3600));
}

TEST_F(MetricsTest, TellsTheLevelsOfStandbyApart) {
  metrics_.RecordPausedStandby(absl::StatusCode::kOk, absl::Milliseconds(3));
  metrics_.RecordDiskStandby(absl::StatusCode::kOk, absl::Milliseconds(80));
  metrics_.RecordPausedWake(absl::StatusCode::kOk, absl::Milliseconds(3));
  metrics_.RecordDiskWake(absl::StatusCode::kOk, absl::Milliseconds(50));
  const MetricsScrape scrape = Scrape();
  for (const std::string name : {"orchestrator_standby", "orchestrator_wake"}) {
    const std::string sum = name + "_duration_seconds_sum";
    EXPECT_THAT(scrape.Value(sum, {{"code", "OK"}, {"level", "paused"}}), Optional(0.003));
    EXPECT_GE(scrape.Value(sum, {{"code", "OK"}, {"level", "disk"}}), 0.05);
  }
}

TEST_F(MetricsTest, GivesEachPoolItsSeries) {
  metrics_.AddPool("a");
  metrics_.AddPool("b");
  metrics_.RecordAcquire("a", absl::StatusCode::kOk, absl::Milliseconds(4));
  metrics_.RecordRefillFailure("b");
  const MetricsScrape scrape = Scrape();
  EXPECT_THAT(scrape.Value(kWaits, {{"pool", "a"}, {"code", "OK"}}), Optional(1.0));
  EXPECT_THAT(scrape.Value(kWaits, {{"pool", "b"}, {"code", "OK"}}), Optional(0.0));
  EXPECT_THAT(scrape.Value(kRefillFailures, {{"pool", "a"}}), Optional(0.0));
  EXPECT_THAT(scrape.Value(kRefillFailures, {{"pool", "b"}}), Optional(1.0));
}

TEST_F(MetricsTest, DropsTheSeriesOfARemovedPool) {
  metrics_.AddPool("a");
  metrics_.RecordAcquire("a", absl::StatusCode::kOk, absl::Milliseconds(4));
  metrics_.RecordAcquire("a", absl::StatusCode::kDeadlineExceeded, absl::Seconds(4));
  metrics_.RemovePool("a");
  EXPECT_THAT(metrics_.Text(), ::testing::Not(::testing::HasSubstr("pool=\"a\"")));
}

TEST_F(MetricsTest, CountsWhatEndsAfterItsPoolAsOther) {
  metrics_.AddPool("a");
  metrics_.RemovePool("a");
  metrics_.RecordAcquire("a", absl::StatusCode::kFailedPrecondition, absl::Seconds(4));
  metrics_.RecordRefillFailure("a");
  const MetricsScrape scrape = Scrape();
  EXPECT_THAT(scrape.Value(kWaits, {{"pool", "(other)"}, {"code", "FAILED_PRECONDITION"}}),
              Optional(1.0));
  EXPECT_THAT(scrape.Value(kRefillFailures, {{"pool", "(other)"}}), Optional(1.0));
}

TEST_F(MetricsTest, KeepsAPoolsCountsWhenItIsAddedAgain) {
  metrics_.AddPool("a");
  metrics_.RecordRefillFailure("a");
  metrics_.AddPool("a");
  EXPECT_THAT(Scrape().Value(kRefillFailures, {{"pool", "a"}}), Optional(1.0));
}

TEST_F(MetricsTest, CountsPoolsBeyondTheLimitTogether) {
  for (size_t i = 0; i < PoolSeries::kMaxPools + 2; ++i) {
    metrics_.AddPool(absl::StrCat("pool-", i));
    metrics_.RecordRefillFailure(absl::StrCat("pool-", i));
  }
  const MetricsScrape scrape = Scrape();
  EXPECT_EQ(scrape.families().at(kRefillFailures).samples.size(), PoolSeries::kMaxPools + 1);
  EXPECT_THAT(scrape.Value(kRefillFailures, {{"pool", "(other)"}}), Optional(2.0));
}

TEST_F(MetricsTest, MakesNoLabelOfWhatIsNoPoolName) {
  for (const std::string& pool : {std::string(256, 'a'), std::string("a\"\n b"),
                                  std::string("\xff"), std::string("(none)"), std::string()}) {
    metrics_.AddPool(pool);
    metrics_.RecordRefillFailure(pool);
  }
  EXPECT_THAT(Scrape().Value(kRefillFailures, {{"pool", "(other)"}}), Optional(5.0));
  EXPECT_EQ(Scrape().families().at(kRefillFailures).samples.size(), 1u);
}

TEST_F(MetricsTest, RecordsRpcsByMethodAndCode) {
  metrics_.RecordRpcStart(kExecMethod);
  metrics_.RecordRpcEnd(kExecMethod, absl::StatusCode::kNotFound, absl::Milliseconds(2));
  EXPECT_THAT(
      Scrape().Value(kRpcs, {{"method", "guest.v1.ProcessService/Exec"}, {"code", "NOT_FOUND"}}),
      Optional(1.0));
}

TEST_F(MetricsTest, CountsMethodsThatItDoesNotKnowTogether) {
  for (const char* method : {"/a.B/C", "/guest.v1.ProcessService/exec", "", "\"\n"}) {
    metrics_.RecordRpcStart(method);
    metrics_.RecordRpcEnd(method, absl::StatusCode::kUnimplemented, absl::ZeroDuration());
  }
  EXPECT_THAT(Scrape().Value(kRpcs, {{"method", "(other)"}, {"code", "UNIMPLEMENTED"}}),
              Optional(4.0));
}

TEST_F(MetricsTest, CountsRpcsInProgress) {
  metrics_.RecordRpcStart(kExecMethod);
  metrics_.RecordRpcStart(kExecMethod);
  metrics_.RecordRpcEnd(kExecMethod, absl::StatusCode::kOk, absl::ZeroDuration());
  EXPECT_THAT(Scrape().Value(kInProgress, {{"method", "guest.v1.ProcessService/Exec"}}),
              Optional(1.0));
}

TEST_F(MetricsTest, LeavesOutWhatNobodyKnows) {
  EXPECT_THAT(Scrape().Value("orchestrator_templates"), Eq(std::nullopt));
  const auto registration =
      metrics_.AddCollector([](Readings& readings) { readings.templates = 0; });
  EXPECT_THAT(Scrape().Value("orchestrator_templates"), Optional(0.0));
}

TEST_F(MetricsTest, AddsUpReadingsOfPoolsWithoutSeries) {
  const auto registration = metrics_.AddCollector([](Readings& readings) {
    readings.pools.push_back({.pool = "x", .desired = 3, .available = 1, .waiting_acquires = 1});
    readings.pools.push_back({.pool = "y", .desired = 4, .available = 2, .waiting_acquires = 0});
    readings.browsers.push_back({.pool = "x", .state = "READY", .count = 1});
    readings.browsers.push_back({.pool = "y", .state = "READY", .count = 2});
    readings.browsers.push_back({.pool = "", .state = "READY", .count = 5});
  });
  metrics_.AddPool("x");
  EXPECT_THAT(Scrape().Value("orchestrator_pool_desired_browsers", {{"pool", "x"}}), Optional(3.0));
  metrics_.RemovePool("x");
  const MetricsScrape scrape = Scrape();
  EXPECT_THAT(scrape.Value("orchestrator_pool_desired_browsers", {{"pool", "(other)"}}),
              Optional(7.0));
  EXPECT_THAT(
      scrape.Value("orchestrator_pool_browsers", {{"pool", "(other)"}, {"status", "available"}}),
      Optional(3.0));
  EXPECT_THAT(scrape.Value("orchestrator_browsers", {{"pool", "(other)"}, {"state", "READY"}}),
              Optional(3.0));
  EXPECT_THAT(scrape.Value("orchestrator_browsers", {{"pool", "(none)"}, {"state", "READY"}}),
              Optional(5.0));
}

// For the thread sanitizer, and for a count that gets lost.
TEST_F(MetricsTest, LosesNothingWhenPoolsComeAndGo) {
  constexpr int kCount = 2000;
  std::thread pools([this] {
    for (int i = 0; i < kCount; ++i) {
      metrics_.AddPool("a");
      metrics_.RemovePool("a");
    }
  });
  std::thread recorder([this] {
    for (int i = 0; i < kCount; ++i) {
      metrics_.RecordAcquire("a", absl::StatusCode::kOk, absl::Milliseconds(1));
      metrics_.RecordRpcStart(kExecMethod);
      metrics_.RecordRpcEnd(kExecMethod, absl::StatusCode::kOk, absl::Milliseconds(1));
    }
  });
  for (int i = 0; i < 20; ++i) Scrape();
  metrics_.RecordRpcStart(kExecMethod);
  metrics_.RecordRpcEnd(kExecMethod, absl::StatusCode::kOk, absl::Milliseconds(1));
  pools.join();
  recorder.join();
  const MetricsScrape scrape = Scrape();
  EXPECT_THAT(scrape.Value(kRpcs, {{"method", "guest.v1.ProcessService/Exec"}, {"code", "OK"}}),
              Optional(kCount + 1.0));
  EXPECT_THAT(scrape.Value(kInProgress, {{"method", "guest.v1.ProcessService/Exec"}}),
              Optional(0.0));
}

}  // namespace
}  // namespace orch

#include "orchestrator/daemon/metrics_pool_observer.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/fake_clock.h"
#include "tests/support/metrics_scrape.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;
using ::orch::testing::MetricsScrape;
using ::testing::Optional;

class MetricsPoolObserverTest : public ::testing::Test {
 protected:
  std::optional<double> Failures(const std::string& pool) const {
    return MetricsScrape::Parse(metrics_.Text())
        .value()
        .Value("orchestrator_refill_failures_total", {{"pool", pool}});
  }
  void Fail() { observer_.OnCreationFailure(pool_.id, absl::UnavailableError("")); }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  Metrics metrics_{{}, clock_};
  MetricsPoolObserver observer_{metrics_};
  Pool pool_{.id = PoolId::Generate(), .spec = {.name = "old"}};
};

TEST_F(MetricsPoolObserverTest, CountsUnderThePoolsName) {
  observer_.OnPool(pool_);
  Fail();
  EXPECT_THAT(Failures("old"), Optional(1.0));
}

TEST_F(MetricsPoolObserverTest, CountsUnderTheIdOfAPoolWithoutName) {
  pool_.spec.name.clear();
  observer_.OnPool(pool_);
  Fail();
  EXPECT_THAT(Failures(pool_.id.value()), Optional(1.0));
}

TEST_F(MetricsPoolObserverTest, KeepsTheSeriesOfAPoolThatChangesOtherwise) {
  observer_.OnPool(pool_);
  Fail();
  pool_.spec.size = 9;
  observer_.OnPool(pool_);
  EXPECT_THAT(Failures("old"), Optional(1.0));
}

TEST_F(MetricsPoolObserverTest, CountsUnderANewName) {
  observer_.OnPool(pool_);
  pool_.spec.name = "new";
  observer_.OnPool(pool_);
  Fail();
  EXPECT_THAT(Failures("new"), Optional(1.0));
  EXPECT_EQ(Failures("old"), std::nullopt);
}

TEST_F(MetricsPoolObserverTest, DropsTheSeriesOfAPoolThatIsGone) {
  observer_.OnPool(pool_);
  observer_.OnPoolGone(pool_.id);
  Fail();
  EXPECT_EQ(Failures("old"), std::nullopt);
  EXPECT_THAT(Failures("(other)"), Optional(1.0));
}

}  // namespace
}  // namespace orch

// That what the daemon does moves the series that are about it.
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/v1/pools.grpc.pb.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/fake_image.h"
#include "tests/support/metrics_scrape.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

namespace v1 = orchestrator::v1;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Optional;

class MetricsSeriesTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeFakeImage(dir_.File("images"), "chromium"); }

  void Start(const std::vector<std::string>& arguments = {}) {
    std::vector<std::string> all = {"--driver",          "fake",           "--image-dir",
                                    dir_.File("images"), "--spare-shells", "0"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    daemon_ = DaemonProcess::Start(dir_.File("s"), all).value();
    pools_ = v1::PoolService::NewStub(
        grpc::CreateChannel(daemon_->target(), grpc::InsecureChannelCredentials()));
  }

  MetricsScrape Scrape() {
    const std::string key = "metrics_port=";
    const std::string log = daemon_->Log();
    return ScrapeMetrics(std::atoi(log.c_str() + log.rfind(key) + key.size())).value();
  }

  // Scrapes until the sample is `value`; the last one seen.
  std::optional<double> AwaitValue(const std::string& name, const MetricsScrape::Labels& labels,
                                   double value) {
    const absl::Time patience = absl::Now() + absl::Seconds(30);
    std::optional<double> seen;
    do {
      seen = Scrape().Value(name, labels);
    } while (seen != value && absl::Now() < patience);
    return seen;
  }

  v1::Browser Create() {
    grpc::ClientContext context;
    SetTestDeadline(context);
    v1::CreateBrowserRequest request;
    request.mutable_spec()->mutable_standby_after()->set_seconds(3600);
    v1::Browser browser;
    ORCH_EXPECT_OK(FromGrpcStatus(daemon_->browsers().CreateBrowser(&context, request, &browser)));
    return browser;
  }
  void Sleep(const std::string& id, v1::StandbyLevel level) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    v1::StandbyBrowserRequest request;
    request.set_session_id(id);
    request.set_level(level);
    v1::Browser browser;
    ORCH_EXPECT_OK(FromGrpcStatus(daemon_->browsers().StandbyBrowser(&context, request, &browser)));
  }
  void Wake(const std::string& id) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    v1::ResumeBrowserRequest request;
    request.set_session_id(id);
    v1::Browser browser;
    ORCH_EXPECT_OK(FromGrpcStatus(daemon_->browsers().ResumeBrowser(&context, request, &browser)));
  }
  void CreatePool(const std::string& name, uint32_t size) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    v1::CreatePoolRequest request;
    request.mutable_spec()->set_name(name);
    request.mutable_spec()->set_size(size);
    request.mutable_spec()->set_fill_rate_per_minute(1'000'000);
    request.mutable_spec()->mutable_browser()->set_headless(true);
    v1::Pool pool;
    ORCH_EXPECT_OK(FromGrpcStatus(pools_->CreatePool(&context, request, &pool)));
  }
  absl::Status Acquire(const std::string& pool, grpc::ClientContext& context) {
    SetTestDeadline(context);
    v1::AcquireBrowserRequest request;
    request.set_pool(pool);
    // Longer than the test may take: else it is the time that the pool takes to fill.
    request.mutable_acquire_timeout()->set_seconds(300);
    v1::Browser browser;
    return FromGrpcStatus(pools_->AcquireBrowser(&context, request, &browser));
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::unique_ptr<v1::PoolService::Stub> pools_;
};

TEST_F(MetricsSeriesTest, TellsWhatABrowserTakesToMake) {
  Start();
  Create();
  const MetricsScrape scrape = Scrape();
  for (const char* what : {"boot", "template_build", "shell_start", "clone"}) {
    const std::string name = absl::StrCat("orchestrator_", what, "_duration_seconds");
    EXPECT_THAT(scrape.Value(name + "_count", {{"code", "OK"}}), Optional(1.0)) << what;
    EXPECT_THAT(scrape.Value(name + "_sum", {{"code", "OK"}}), Optional(Gt(0.0))) << what;
  }
}

TEST_F(MetricsSeriesTest, TellsOfForksAsOfClones) {
  Start();
  const v1::Browser source = Create();
  grpc::ClientContext context;
  SetTestDeadline(context);
  v1::ForkBrowserRequest request;
  request.set_session_id(source.session_id());
  request.set_count(2);
  v1::ForkBrowserResponse response;
  ORCH_ASSERT_OK(FromGrpcStatus(daemon_->browsers().ForkBrowser(&context, request, &response)));
  EXPECT_THAT(Scrape().Value("orchestrator_clone_duration_seconds_count", {{"code", "OK"}}),
              Optional(3.0));
}

TEST_F(MetricsSeriesTest, TellsOfEachLevelOfSleep) {
  Start();
  const v1::Browser browser = Create();
  Sleep(browser.session_id(), v1::STANDBY_LEVEL_PAUSED);
  Wake(browser.session_id());
  Sleep(browser.session_id(), v1::STANDBY_LEVEL_DISK);
  EXPECT_THAT(Scrape().Value("orchestrator_standby_bytes"), Optional(Gt(0.0)));
  Wake(browser.session_id());
  const MetricsScrape scrape = Scrape();
  const auto count = [&](const std::string& what, const std::string& level) {
    return scrape.Value(absl::StrCat("orchestrator_", what, "_duration_seconds_count"),
                        {{"level", level}, {"code", "OK"}});
  };
  EXPECT_THAT(count("standby", "paused"), Optional(2.0));
  EXPECT_THAT(count("standby", "disk"), Optional(1.0));
  EXPECT_THAT(count("wake", "paused"), Optional(1.0));
  EXPECT_THAT(count("wake", "disk"), Optional(1.0));
  EXPECT_THAT(scrape.Value("orchestrator_standby_size_bytes_count"), Optional(1.0));
  EXPECT_THAT(scrape.Value("orchestrator_standby_size_bytes_sum"), Optional(Gt(0.0)));
  EXPECT_THAT(scrape.Value("orchestrator_standby_dirty_bytes_count"), Optional(1.0));
}

TEST_F(MetricsSeriesTest, TellsHowAPoolFillsAndWhoWaits) {
  // Room for one of its two browsers.
  Start({"--memory-budget-mib", "256"});
  CreatePool("p", 2);
  const MetricsScrape::Labels pool = {{"pool", "p"}};
  EXPECT_THAT(AwaitValue("orchestrator_pool_browsers", {{"pool", "p"}, {"status", "available"}}, 1),
              Optional(1.0));
  EXPECT_THAT(Scrape().Value("orchestrator_pool_desired_browsers", pool), Optional(2.0));
  EXPECT_THAT(Scrape().Value("orchestrator_refill_failures_total", pool), Optional(Ge(1.0)));
  grpc::ClientContext first;
  ORCH_ASSERT_OK(Acquire("p", first));
  const MetricsScrape acquired = Scrape();
  EXPECT_THAT(
      acquired.Value("orchestrator_acquire_wait_seconds_count", {{"pool", "p"}, {"code", "OK"}}),
      Optional(1.0));
  EXPECT_THAT(acquired.Value("orchestrator_browsers", {{"pool", "p"}, {"state", "ACQUIRED"}}),
              Optional(1.0));
  EXPECT_THAT(acquired.Value("orchestrator_pool_browsers", {{"pool", "p"}, {"status", "acquired"}}),
              Optional(1.0));
  grpc::ClientContext second;
  std::thread waits([&] { Acquire("p", second).IgnoreError(); });
  EXPECT_THAT(AwaitValue("orchestrator_pool_waiting_acquires", pool, 1), Optional(1.0));
  second.TryCancel();
  waits.join();
  EXPECT_THAT(AwaitValue("orchestrator_acquire_wait_seconds_count",
                         {{"pool", "p"}, {"code", "CANCELLED"}}, 1),
              Optional(1.0));
  EXPECT_THAT(AwaitValue("orchestrator_pool_waiting_acquires", pool, 0), Optional(0.0));
}

TEST_F(MetricsSeriesTest, KnowsItsPoolsAgainAfterItsEnd) {
  Start();
  CreatePool("p", 1);
  daemon_.reset();
  Start();
  EXPECT_THAT(
      Scrape().Value("orchestrator_acquire_wait_seconds_count", {{"pool", "p"}, {"code", "OK"}}),
      Optional(0.0));
}

}  // namespace
}  // namespace orch::testing

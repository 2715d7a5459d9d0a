#include "orchestrator/browser/resolve_spec.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Seconds(60);

Image HeadfulImage() {
  Image image;
  image.name = "chromium";
  image.default_memory_mib = 1024;
  image.default_memory_mib_headful = 2048;
  image.default_vcpus = 2;
  image.capabilities = {"agent", "chromium", "headful"};
  image.has_agent = true;
  return image;
}

Image ScreenlessImage() {
  Image image = HeadfulImage();
  image.name = "minimal";
  image.capabilities = {"agent"};
  return image;
}

HostInfo Host() {
  HostInfo host;
  host.cpus = 4;
  host.memory_mib = 8192;
  return host;
}

TEST(ResolveSpecTest, FillsInHeadfulDefaults) {
  ORCH_ASSERT_OK_AND_ASSIGN(const BrowserSpec spec,
                            ResolveSpec({}, HeadfulImage(), Host(), kTimeout));
  EXPECT_EQ(spec.image, "chromium");
  EXPECT_FALSE(spec.headless);
  EXPECT_EQ(spec.memory_mib, 2048u);
  EXPECT_EQ(spec.vcpus, 2u);
  EXPECT_EQ(spec.viewport, (Viewport{.width_px = 1920, .height_px = 1080}));
}

TEST(ResolveSpecTest, FillsInHeadlessDefaults) {
  ORCH_ASSERT_OK_AND_ASSIGN(const BrowserSpec spec,
                            ResolveSpec({.headless = true}, HeadfulImage(), Host(), kTimeout));
  EXPECT_EQ(spec.memory_mib, 1024u);
  EXPECT_EQ(spec.viewport, std::nullopt);
}

TEST(ResolveSpecTest, MakesBrowsersOfAScreenlessImageHeadless) {
  ORCH_ASSERT_OK_AND_ASSIGN(const BrowserSpec spec,
                            ResolveSpec({}, ScreenlessImage(), Host(), kTimeout));
  EXPECT_TRUE(spec.headless);
}

TEST(ResolveSpecTest, TakesNoMoreDefaultProcessorsThanTheHostHas) {
  HostInfo host = Host();
  host.cpus = 1;
  ORCH_ASSERT_OK_AND_ASSIGN(const BrowserSpec spec,
                            ResolveSpec({}, HeadfulImage(), host, kTimeout));
  EXPECT_EQ(spec.vcpus, 1u);
}

TEST(ResolveSpecTest, FillsInTimes) {
  ORCH_ASSERT_OK_AND_ASSIGN(const BrowserSpec spec,
                            ResolveSpec({}, HeadfulImage(), Host(), absl::Seconds(600)));
  EXPECT_EQ(spec.timeout, absl::Seconds(600));
  EXPECT_EQ(spec.standby_after, kDefaultStandbyAfter);
}

TEST(ResolveSpecTest, KeepsTimesThatAreGiven) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const BrowserSpec spec,
      ResolveSpec({.timeout = absl::Seconds(10), .standby_after = absl::ZeroDuration()},
                  HeadfulImage(), Host(), kTimeout));
  EXPECT_EQ(spec.timeout, absl::Seconds(10));
  EXPECT_EQ(spec.standby_after, absl::ZeroDuration());
}

TEST(CheckTimesTest, TakesWhatIsWithinItsLimits) {
  ORCH_EXPECT_OK(CheckTimes(std::nullopt, std::nullopt));
  ORCH_EXPECT_OK(CheckTimes(absl::Seconds(10), absl::ZeroDuration()));
  ORCH_EXPECT_OK(CheckTimes(absl::Hours(72), absl::Hours(72)));
  ORCH_EXPECT_OK(CheckTimes(std::nullopt, absl::InfiniteDuration()));
}

TEST(CheckTimesTest, RefusesWhatIsBeyond) {
  constexpr absl::Duration kLittle = absl::Nanoseconds(1);
  const auto is_timeout =
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeout_seconds"));
  const auto is_standby = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("standby_after"));
  EXPECT_THAT(CheckTimes(absl::Seconds(10) - kLittle, std::nullopt), is_timeout);
  EXPECT_THAT(CheckTimes(absl::Hours(72) + kLittle, std::nullopt), is_timeout);
  EXPECT_THAT(CheckTimes(absl::InfiniteDuration(), std::nullopt), is_timeout);
  EXPECT_THAT(CheckTimes(std::nullopt, -kLittle), is_standby);
  EXPECT_THAT(CheckTimes(std::nullopt, absl::Hours(72) + kLittle), is_standby);
}

struct Refusal {
  const char* name;
  BrowserSpec spec;
  const char* field;
  const char* limit;
};

class ResolveSpecRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(ResolveSpecRefusalTest, NamesFieldAndLimit) {
  EXPECT_THAT(ResolveSpec(GetParam().spec, HeadfulImage(), Host(), kTimeout),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(GetParam().field), HasSubstr(GetParam().limit))));
}

INSTANTIATE_TEST_SUITE_P(
    All, ResolveSpecRefusalTest,
    ::testing::Values(
        Refusal{"MemoryBeyondHost", {.memory_mib = 8193}, "spec.memory_mib", "128..8192"},
        Refusal{"MemoryTooSmall", {.memory_mib = 127}, "spec.memory_mib", "128..8192"},
        Refusal{"VcpusBeyondHost", {.vcpus = 5}, "spec.vcpus", "1..4"},
        Refusal{"TimeoutTooShort", {.timeout = absl::Seconds(9)}, "timeout_seconds", "10..259200"},
        Refusal{"StandbyTooLate", {.standby_after = absl::Hours(73)}, "standby_after", "259200 s"},
        Refusal{"ViewportTooNarrow",
                {.viewport = Viewport{.width_px = 319, .height_px = 600}},
                "spec.viewport.width",
                "320..7680"},
        Refusal{"ViewportTooHigh",
                {.viewport = Viewport{.width_px = 800, .height_px = 4321}},
                "spec.viewport.height",
                "240..4320"},
        Refusal{"ViewportWhenHeadless",
                {.headless = true, .viewport = Viewport{}},
                "spec.viewport",
                "headless"},
        Refusal{"KioskWhenHeadless",
                {.headless = true, .kiosk_mode = true},
                "spec.kiosk_mode",
                "headless"}),
    [](const ::testing::TestParamInfo<Refusal>& refusal) { return refusal.param.name; });

TEST(KernelCommandLineTest, TellsTheAgentWhatToShow) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const BrowserSpec spec,
      ResolveSpec({.viewport = Viewport{.width_px = 800, .height_px = 600}, .kiosk_mode = true},
                  HeadfulImage(), Host(), kTimeout));
  EXPECT_EQ(KernelCommandLine(spec, HeadfulImage()),
            "console=ttyS0 panic=-1 quiet orch.display=headful orch.viewport=800x600 orch.kiosk=1");
}

TEST(KernelCommandLineTest, EndsWithWhatTheImageWants) {
  Image image = ScreenlessImage();
  image.kernel_cmdline = "mitigations=off";
  ORCH_ASSERT_OK_AND_ASSIGN(const BrowserSpec spec, ResolveSpec({}, image, Host(), kTimeout));
  EXPECT_EQ(KernelCommandLine(spec, image),
            "console=ttyS0 panic=-1 quiet orch.display=headless mitigations=off");
}

}  // namespace
}  // namespace orch

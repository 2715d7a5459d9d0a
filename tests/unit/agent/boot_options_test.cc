#include "orchestrator/agent/config/boot_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BootOptionsTest, DefaultsToHeadlessWithoutOptions) {
  ORCH_ASSERT_OK_AND_ASSIGN(BootOptions options,
                            ParseKernelCommandLine("console=ttyS0 quiet root=/dev/vda\n"));
  EXPECT_FALSE(options.headful);
  EXPECT_FALSE(options.kiosk);
  EXPECT_EQ(options.viewport_width, 1280u);
  EXPECT_EQ(options.viewport_height, 800u);
  EXPECT_EQ(options.hostname, "browser");
}

TEST(BootOptionsTest, TakesEveryOption) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      BootOptions options,
      ParseKernelCommandLine("orch.display=headful orch.viewport=1920x1080 orch.kiosk=1 "
                             "orch.hostname=b-1"));
  EXPECT_TRUE(options.headful);
  EXPECT_TRUE(options.kiosk);
  EXPECT_EQ(options.viewport_width, 1920u);
  EXPECT_EQ(options.viewport_height, 1080u);
  EXPECT_EQ(options.hostname, "b-1");
}

TEST(BootOptionsTest, CollectsUnknownKeys) {
  ORCH_ASSERT_OK_AND_ASSIGN(BootOptions options, ParseKernelCommandLine("orch.colour=red"));
  EXPECT_THAT(options.unknown_keys, ElementsAre("orch.colour"));
}

class BootOptionsRejectTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BootOptionsRejectTest, NamesTheKey) {
  const std::string word = GetParam();
  EXPECT_THAT(ParseKernelCommandLine(word), StatusIs(absl::StatusCode::kInvalidArgument,
                                                     HasSubstr(word.substr(0, word.find('=')))));
}

INSTANTIATE_TEST_SUITE_P(Malformed, BootOptionsRejectTest,
                         ::testing::Values("orch.display=both", "orch.display", "orch.kiosk=yes",
                                           "orch.viewport=0x10", "orch.viewport=10",
                                           "orch.viewport=1x2x3", "orch.viewport=20000x10",
                                           "orch.viewport=-1x10", "orch.hostname=",
                                           "orch.hostname=A", "orch.hostname=-a"));

}  // namespace
}  // namespace orch::agent

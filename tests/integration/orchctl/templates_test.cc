#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class OrchctlTemplatesTest : public ::testing::Test {
 protected:
  OrchctlProcess::Result Run(const std::vector<std::string>& arguments) {
    return RunOrchctl(daemon_.target(), arguments);
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlTemplatesTest, ListFollowsPages) {
  for (const char* key : {"k1", "k2", "k3"}) daemon_.templates().Add(key);
  EXPECT_EQ(Run({"templates", "list", "-q"}).out, "k1\nk2\nk3\n");
  EXPECT_THAT(Run({"templates", "list"}).out,
              AllOf(StartsWith("KEY  IMAGE     SCREEN"), HasSubstr("301 MiB")));
  EXPECT_THAT(Run({"templates", "list", "-o", "json"}).out,
              AllOf(StartsWith("["), HasSubstr("\"size_bytes\": 314572801")));
}

TEST_F(OrchctlTemplatesTest, GetShowsOne) {
  daemon_.templates().Add("k1", 3);
  const auto result = Run({"templates", "get", "k1"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("in use by     3\n"));
  EXPECT_EQ(Run({"templates", "get", "k2"}).err,
            "orchctl: templates get: no template k2 (NOT_FOUND)\n");
}

TEST_F(OrchctlTemplatesTest, BuildPrintsWhatWasBuilt) {
  const auto result = Run({"templates", "build", "--headless", "--memory", "512"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("built"), HasSubstr("512 MiB")));
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(daemon_.templates().last_build().spec().headless());
  EXPECT_THAT(Run({"templates", "build", "-o", "json"}).out, HasSubstr("\"key\": \"built\""));
}

TEST_F(OrchctlTemplatesTest, BuildFailsWhenTheBuildDoes) {
  const auto result = Run({"templates", "build", "--image", FakeTemplates::kBrokenImage});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("not ready in 60 s (DEADLINE_EXCEEDED)"));
}

TEST_F(OrchctlTemplatesTest, BuildHasNoOptionsThatMakeNoDifference) {
  EXPECT_EQ(Run({"templates", "build", "--timeout", "1m"}).exit_status, 2);
}

TEST_F(OrchctlTemplatesTest, DeleteGoesOnAfterAFailure) {
  daemon_.templates().Add("k1", 1);
  daemon_.templates().Add("k2");
  const auto result = Run({"templates", "delete", "k1", "k2"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "orchctl: templates delete: k1: browsers need it (FAILED_PRECONDITION)\n");
  EXPECT_EQ(Run({"templates", "list", "-q"}).out, "k1\n");
}

}  // namespace
}  // namespace orch::testing

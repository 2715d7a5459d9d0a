#include "orchestrator/agent/config/agent_config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Example() { return ReadFile(ORCH_AGENT_EXAMPLE, kMaxConfigBytes).value_or(""); }

TEST(AgentConfigTest, TakesTheExampleHeadful) {
  BootOptions options{.headful = true, .viewport_width = 640, .viewport_height = 480};
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(Example(), options));
  EXPECT_EQ(config.default_user, "chromium");
  ASSERT_EQ(config.programs.size(), 3u);
  EXPECT_EQ(config.programs[0].name, "xtigervnc");
  EXPECT_THAT(config.programs[0].argv, Contains("640x480"));
  EXPECT_EQ(config.programs[0].probe, ReadyProbe::kUnixSocket);
  EXPECT_EQ(config.programs[0].probe_path, "/tmp/.X11-unix/X0");
  EXPECT_EQ(config.programs[1].probe, ReadyProbe::kStarted);
  const ProgramConfig& chromium = config.programs[2];
  EXPECT_THAT(chromium.after, ElementsAre("xtigervnc", "openbox"));
  EXPECT_THAT(chromium.argv, Contains("--window-size=640,480"));
  EXPECT_THAT(chromium.argv, Not(Contains("--headless=new")));
  EXPECT_THAT(chromium.argv, Not(Contains("--kiosk")));
  EXPECT_EQ(chromium.probe_port, 9222);
  EXPECT_EQ(chromium.probe_path, "/json/version");
  EXPECT_EQ(chromium.user, "chromium");
  EXPECT_EQ(chromium.env.at("NO_AT_BRIDGE"), "1");
}

TEST(DevToolsPortTest, IsChromiums) {
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(Example(), {.headful = true}));
  EXPECT_EQ(DevToolsPort(config.programs), 9222);
  config.programs.pop_back();
  EXPECT_EQ(DevToolsPort(config.programs), std::nullopt);
}

TEST(AgentConfigTest, TakesTheExampleHeadlessInKioskMode) {
  BootOptions options;
  options.kiosk = true;
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(Example(), options));
  ASSERT_EQ(config.programs.size(), 1u);
  EXPECT_THAT(config.programs[0].after, IsEmpty());
  EXPECT_THAT(config.programs[0].argv, Contains("--headless=new"));
  EXPECT_EQ(config.programs[0].argv.back(), "--kiosk");
}

TEST(AgentConfigTest, OrdersProgramsByAfter) {
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(R"(
default_user = "root"
[[program]]
name = "second"
command = ["b"]
after = ["first"]
[[program]]
name = "first"
command = ["a"]
)",
                                                                 BootOptions{}));
  ASSERT_EQ(config.programs.size(), 2u);
  EXPECT_EQ(config.programs[0].name, "first");
}

struct RejectCase {
  const char* program;
  const char* message;
};

class AgentConfigRejectTest : public ::testing::TestWithParam<RejectCase> {};

TEST_P(AgentConfigRejectTest, SaysWhy) {
  const std::string text =
      absl::StrCat("default_user = \"root\"\n[[program]]\n", GetParam().program, "\n");
  EXPECT_THAT(ParseAgentConfig(text, BootOptions{}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, AgentConfigRejectTest,
    ::testing::Values(
        RejectCase{"command = [\"a\"]", "name must be"},
        RejectCase{"name = \"A\"\ncommand = [\"a\"]", "name must be"},
        RejectCase{"name = \"a\"", "command must name a program"},
        RejectCase{"name = \"a\"\ncommand = \"a\"", "command must be an array"},
        RejectCase{"name = \"a\"\ncommand = [\"${depth}\"]", "unknown variable"},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\ncolour = 1", "unknown key \"colour\""},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\nwhen = \"never\"", "when is \"never\""},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\nafter = [\"b\"]", "unknown program \"b\""},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\nafter = [\"a\"]", "circle"},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\nready_http = \"http://example.org/\"",
                   "ready_http"},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\nready_unix = \"x\"", "ready_unix"},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\nenv = { \"A=B\" = \"1\" }", "'='"},
        RejectCase{"name = \"a\"\ncommand = [\"a\"]\n[[program]]\nname = \"a\"\ncommand = [\"a\"]",
                   "is there twice"},
        RejectCase{"name = ", "not TOML, line 3"}));

TEST(AgentConfigTest, TakesLimitsOfTheFileSystem) {
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(R"(
default_user = "root"
[filesystem]
max_streams = 3
archive_max_bytes = 5000000000
)",
                                                                 BootOptions{}));
  EXPECT_EQ(config.filesystem.max_streams, 3u);
  EXPECT_EQ(config.filesystem.archive_max_bytes, 5'000'000'000u);
  EXPECT_EQ(config.filesystem.max_watches, FileSystemConfig().max_watches);
}

TEST(AgentConfigTest, RefusesLimitsThatAGuestCannotBear) {
  for (const char* line :
       {"max_streams = 0", "max_streams = 129", "max_streams = \"1\"", "archive_max_entries = -1",
        "max_watches = 101", "watch_max_directories = 65537", "colour = 1"}) {
    EXPECT_THAT(ParseAgentConfig(absl::StrCat("default_user = \"root\"\n[filesystem]\n", line),
                                 BootOptions{}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("filesystem")))
        << line;
  }
  EXPECT_THAT(ParseAgentConfig("default_user = \"root\"\nfilesystem = 1", BootOptions{}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("table")));
}

TEST(AgentConfigTest, TakesLimitsOfProcesses) {
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(R"(
default_user = "root"
[process]
max_concurrent = 3
max_queued = 0
max_timeout_seconds = 90
)",
                                                                 BootOptions{}));
  EXPECT_EQ(config.process.max_concurrent, 3u);
  EXPECT_EQ(config.process.max_queued, 0u);
  EXPECT_EQ(config.process.max_timeout, absl::Seconds(90));
  EXPECT_EQ(config.process.max_log_bytes, ProcessConfig().max_log_bytes);
}

TEST(AgentConfigTest, TheExampleHasTheDefaultsOfProcesses) {
  ORCH_ASSERT_OK_AND_ASSIGN(AgentConfig config, ParseAgentConfig(Example(), BootOptions{}));
  const ProcessConfig defaults;
  EXPECT_EQ(config.process.max_concurrent, defaults.max_concurrent);
  EXPECT_EQ(config.process.max_queued, defaults.max_queued);
  EXPECT_EQ(config.process.default_exec_timeout, defaults.default_exec_timeout);
  EXPECT_EQ(config.process.max_timeout, defaults.max_timeout);
  EXPECT_EQ(config.process.default_output_bytes, defaults.default_output_bytes);
  EXPECT_EQ(config.process.max_log_bytes, defaults.max_log_bytes);
  EXPECT_EQ(config.process.max_input_bytes, defaults.max_input_bytes);
  EXPECT_EQ(config.process.ended_record_age, defaults.ended_record_age);
  EXPECT_EQ(config.process.max_ended_records, defaults.max_ended_records);
  EXPECT_EQ(config.process.max_ended_output_bytes, defaults.max_ended_output_bytes);
}

TEST(AgentConfigTest, RefusesLimitsOfProcessesOutOfRange) {
  for (const char* line : {"max_concurrent = 0", "max_concurrent = 4097", "max_queued = -1",
                           "max_timeout_seconds = 86401", "max_log_bytes = 65535", "colour = 1"}) {
    EXPECT_THAT(
        ParseAgentConfig(absl::StrCat("default_user = \"root\"\n[process]\n", line), BootOptions{}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("process")))
        << line;
  }
}

TEST(AgentConfigTest, TakesThePlaywrightRunner) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const AgentConfig config,
      ParseAgentConfig("default_user = \"root\"\n[playwright]\ncommand = [\"node\", \"x.cjs\"]",
                       BootOptions{}));
  EXPECT_THAT(config.playwright_command, ElementsAre("node", "x.cjs"));
  for (const char* line : {"", "command = []", "command = \"node\"", "colour = 1"}) {
    EXPECT_THAT(ParseAgentConfig(absl::StrCat("default_user = \"root\"\n[playwright]\n", line),
                                 BootOptions{}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("playwright")))
        << line;
  }
}

TEST(AgentConfigTest, NeedsADefaultUser) {
  EXPECT_THAT(ParseAgentConfig("", BootOptions{}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("default_user")));
}

}  // namespace
}  // namespace orch::agent

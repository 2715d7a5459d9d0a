#include "orchestrator/daemon/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "orchestrator/daemon/command_line.h"
#include "orchestrator/daemon/state_dir.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/daemon/environment.h"

namespace orch {
namespace {

using ::orch::testing::Environment;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "orchestrator");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

class ConfigTest : public ::testing::Test {
 protected:
  std::string File(const std::string& contents) {
    const std::string path = dir_.File("config.toml");
    ORCH_EXPECT_OK(WriteFileAtomically(path, contents));
    return path;
  }

  TempDir dir_;
};

TEST_F(ConfigTest, TakesFlagsBeforeEnvironmentBeforeFile) {
  const std::string file =
      File("state_dir = '/a'\ndefault_image = 'file'\nmax_concurrent_boots = 7\n");
  Environment state("ORCHESTRATOR_STATE_DIR", "/b");
  Environment image("ORCHESTRATOR_DEFAULT_IMAGE", "environment");
  ORCH_ASSERT_OK_AND_ASSIGN(const CommandLine line,
                            Parse({"--config", file.c_str(), "--state-dir", "/c"}));
  EXPECT_EQ(line.config.state_dir, "/c");
  EXPECT_EQ(line.config.default_image, "environment");
  EXPECT_EQ(line.config.max_concurrent_boots, 7u);
}

TEST_F(ConfigTest, EveryDefaultIsTheTextThatHelpShows) {
  for (const ConfigOption& option : ConfigOptions()) {
    Config config;
    ORCH_EXPECT_OK(option.set(config, option.default_text)) << option.name;
  }
}

TEST_F(ConfigTest, NamesAnUnknownKeyAndTheKnownOnes) {
  EXPECT_THAT(Parse({"--config", File("state_dri = '/a'").c_str()}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("unknown key state_dri"), HasSubstr("state_dir"))));
}

TEST_F(ConfigTest, TellsWhereTheFileIsNotToml) {
  EXPECT_THAT(Parse({"--config", File("state_dir = \n").c_str()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1")));
}

TEST_F(ConfigTest, NamesAMissingFile) {
  EXPECT_THAT(Parse({"--config", "/does/not/exist.toml"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/does/not/exist.toml")));
}

TEST_F(ConfigTest, RefusesATomlValueThatNoFlagCanHave) {
  for (const char* value : {"[]", "{}", "1979-05-27"}) {
    EXPECT_THAT(
        Parse({"--config", File(absl::StrCat("metrics_listen = ", value)).c_str()}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("metrics_listen: must be a string")))
        << value;
  }
}

TEST_F(ConfigTest, TakesANumberWithAFraction) {
  ORCH_ASSERT_OK_AND_ASSIGN(const CommandLine line,
                            Parse({"--config", File("memory_overcommit = 1.5").c_str()}));
  EXPECT_EQ(line.config.memory_overcommit, 1.5);
}

TEST_F(ConfigTest, ServesMetricsWhereItIsToldOrNowhere) {
  ORCH_ASSERT_OK_AND_ASSIGN(const CommandLine anywhere, Parse({"--metrics-listen", "0.0.0.0:0"}));
  EXPECT_EQ(anywhere.config.metrics_listen, "0.0.0.0:0");
  ORCH_ASSERT_OK_AND_ASSIGN(const CommandLine nowhere, Parse({"--metrics-listen", ""}));
  EXPECT_EQ(nowhere.config.metrics_listen, "");
  Environment environment("ORCHESTRATOR_METRICS_LISTEN", "");
  ORCH_ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({}));
  EXPECT_EQ(line.config.metrics_listen, "");
}

struct BadFlag {
  const char* flag;
  const char* value;
  const char* message;
};

class BadFlagTest : public ::testing::TestWithParam<BadFlag> {};

TEST_P(BadFlagTest, IsRefusedByNameAndLimit) {
  EXPECT_THAT(Parse({GetParam().flag, GetParam().value}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFlagTest,
    ::testing::Values(
        BadFlag{"--state-dir", "relative", "--state-dir: is \"relative\"; it must be an absolute"},
        BadFlag{"--state-dir", "/a-path-that-is-longer-than-unix-sockets-allow", "at most 40"},
        BadFlag{"--listen", "0.0.0.0:7070", "only loopback"},
        BadFlag{"--gateway-listen", "0.0.0.0:8080", "only loopback"},
        BadFlag{"--gateway-listen", "8080", "127.0.0.1:PORT or [::1]:PORT, or empty for none"},
        BadFlag{"--gateway-tls-key", "/key.pem", "belong together"},
        BadFlag{"--metrics-listen", "9470", "--metrics-listen: is \"9470\"; it must be a numeric"},
        BadFlag{"--metrics-listen", "127.0.0.1:9470,0.0.0.0:9470", "or empty for none"},
        BadFlag{"--metrics-listen", "[::1]:9470", "IPv4 only"},
        BadFlag{"--accelerator", "xen", "--accelerator: is \"xen\"; it must be one of auto, kvm"},
        BadFlag{"--max-concurrent-boots", "0", "1..256"},
        BadFlag{"--boot-timeout", "soon", "1s..1h"}, BadFlag{"--log-level", "loud", "debug, info"},
        BadFlag{"--no-such-flag", "1", "--no-such-flag"}));

TEST(CommandLineTest, HelpNamesEveryOption) {
  ORCH_ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({"--help"}));
  EXPECT_EQ(line.action, CommandLine::Action::kPrint);
  for (const ConfigOption& option : ConfigOptions()) {
    EXPECT_THAT(line.text, HasSubstr(option.FlagName()));
  }
}

TEST(StateDirTest, KeepsASecondDaemonOut) {
  TempDir dir;
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, StateDir::Open(dir.File("state")));
  EXPECT_THAT(StateDir::Open(dir.File("state")), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                          HasSubstr(std::to_string(::getpid()))));
  first.reset();
  ORCH_EXPECT_OK(StateDir::Open(dir.File("state")));
}

TEST(StateDirTest, SaysWhatToDoWhenItCannotBeMade) {
  TempDir dir;
  ORCH_ASSERT_OK(WriteFileAtomically(dir.File("file"), ""));
  EXPECT_THAT(StateDir::Open(dir.File("file/state")).status().message(),
              HasSubstr("set another state_dir"));
}

TEST(StateDirTest, SaysWhatToDoWhenItCannotBeWritten) {
  TempDir dir;
  ORCH_ASSERT_OK(StateDir::Open(dir.File("state")));
  ASSERT_EQ(::unlink(dir.File("state/lock").c_str()), 0);
  ASSERT_EQ(::chmod(dir.File("state").c_str(), 0555), 0);
  // Root may write anywhere.
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  if (user == 0) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const absl::Cleanup restore = [user] { EXPECT_EQ(::seteuid(user), 0); };
  EXPECT_THAT(
      StateDir::Open(dir.File("state")),
      StatusIs(absl::StatusCode::kPermissionDenied,
               AllOf(HasSubstr(dir.File("state/lock")), HasSubstr("set another state_dir"))));
}

}  // namespace
}  // namespace orch

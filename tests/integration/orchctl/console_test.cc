// `orchctl browsers console`.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"
#include "tests/integration/orchctl/terminal_process.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

orchestrator::v1::StreamConsoleResponse Piece(const std::string& data, bool restarted = false) {
  orchestrator::v1::StreamConsoleResponse response;
  response.set_data(data);
  response.set_restarted(restarted);
  return response;
}

class OrchctlConsoleTest : public ::testing::Test {
 protected:
  OrchctlConsoleTest() { daemon_.browsers().Add("b1"); }

  FakeDaemon daemon_;
};

TEST_F(OrchctlConsoleTest, IsRawWhereNoTerminalIs) {
  const std::string text("\x1b[2J\0\xff\r\nline", 12);
  daemon_.browsers().SetConsole({Piece(text), Piece("\n")});
  const auto result = RunOrchctl(daemon_.target(), {"browsers", "console", "b1"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, text + "\n");
  EXPECT_FALSE(daemon_.browsers().last_console().follow());
}

TEST_F(OrchctlConsoleTest, IsHarmlessOnATerminal) {
  daemon_.browsers().SetConsole({Piece("\x1b[2Jgr\xC3"), Piece("\xBCn\r\nend\n")});
  TerminalProcess process(daemon_.target(), {"browsers", "console", "b1", "-f"});
  EXPECT_EQ(process.ReadUntil("end\r\n"), "\\x1b[2Jgr\xC3\xBCn\r\nend\r\n");
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_TRUE(daemon_.browsers().last_console().follow());
}

TEST_F(OrchctlConsoleTest, SaysWhenItBeginsAnew) {
  daemon_.browsers().SetConsole({Piece("a"), Piece("b", /*restarted=*/true)});
  const auto result = RunOrchctl(daemon_.target(), {"browsers", "console", "b1"});
  EXPECT_EQ(result.out, "ab");
  EXPECT_THAT(result.err, HasSubstr("begins anew"));
}

TEST_F(OrchctlConsoleTest, PrintsJsonLines) {
  daemon_.browsers().SetConsole({Piece("a")});
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"browsers", "console", "b1", "-o", "json"}).out,
            "{\"data\":\"YQ==\",\"restarted\":false}\n");
}

TEST_F(OrchctlConsoleTest, ReportsAnUnknownBrowser) {
  const auto result = RunOrchctl(daemon_.target(), {"browsers", "console", "none"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "orchctl: browsers console: no browser none (NOT_FOUND)\n");
}

}  // namespace
}  // namespace orch::testing

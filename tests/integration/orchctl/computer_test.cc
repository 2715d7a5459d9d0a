#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class OrchctlComputerTest : public ::testing::Test {
 protected:
  OrchctlProcess::Result Run(const std::vector<std::string>& arguments,
                             const std::string& input = "") {
    return RunOrchctl(daemon_.target(), arguments, input);
  }

  // What the daemon was asked for by `orchctl computer ARGUMENTS`.
  std::string Request(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "computer");
    const auto result = Run(arguments, input);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(result.out, "");
    return daemon_.computer().last();
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlComputerTest, AsksForWhatWasTyped) {
  EXPECT_EQ(Request({"click", "b1", "3,4", "-n", "2", "--button", "right", "--hold", "ctrl"}),
            "session_id: \"b1\" click { at { x: 3 y: 4 } button: MOUSE_BUTTON_RIGHT num_clicks: 2 "
            "hold_keys: \"ctrl\" }");
  EXPECT_EQ(Request({"click", "b1", "--down"}),
            "session_id: \"b1\" click { button: MOUSE_BUTTON_LEFT type: CLICK_TYPE_DOWN "
            "num_clicks: 1 }");
  EXPECT_EQ(Request({"move", "b1", "5,6", "--duration", "1s"}),
            "session_id: \"b1\" move { to { x: 5 y: 6 } smooth: true duration_ms: 1000 }");
  EXPECT_EQ(Request({"drag", "b1", "1,2", "3,4", "--straight", "--step-delay", "5ms"}),
            "session_id: \"b1\" drag { path { x: 1 y: 2 } path { x: 3 y: 4 } button: "
            "MOUSE_BUTTON_LEFT step_delay_ms: 5 smooth: false }");
  EXPECT_EQ(Request({"scroll", "b1", "7,8", "--up", "2", "--right", "1"}),
            "session_id: \"b1\" scroll { at { x: 7 y: 8 } delta_x: 1 delta_y: -2 }");
  EXPECT_EQ(Request({"key", "b1", "ctrl+t", "Return", "--duration", "2s"}),
            "session_id: \"b1\" press { keys: \"ctrl+t\" keys: \"Return\" duration_ms: 2000 }");
}

TEST_F(OrchctlComputerTest, TypesWhatIsGivenOrRead) {
  EXPECT_EQ(Request({"type", "b1", "a b", "--delay", "3ms"}),
            "session_id: \"b1\" input { text: \"a b\" delay_ms: 3 }");
  EXPECT_EQ(Request({"type", "b1", "-"}, "read\n"),
            "session_id: \"b1\" input { text: \"read\\n\" }");
}

TEST_F(OrchctlComputerTest, PrintsAndReplacesTheClipboard) {
  const auto result = Run({"computer", "clipboard", "b1"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "copied");
  EXPECT_EQ(Request({"clipboard", "b1", "new"}), "session_id: \"b1\" text: \"new\"");
  EXPECT_EQ(Request({"clipboard", "b1", "-"}, ""), "session_id: \"b1\"");
}

TEST_F(OrchctlComputerTest, SendsABatchOfJson) {
  EXPECT_EQ(Request({"batch", "b1", "-"},
                    R"([{"type_text": {"text": "x"}}, {"sleep": {"duration_ms": 5}}])"),
            "session_id: \"b1\" actions { type_text { text: \"x\" } } actions { sleep { "
            "duration_ms: 5 } }");
}

TEST_F(OrchctlComputerTest, WrongUsageExitsWithTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"click", "b1", "3"},
                                             {"click", "b1", "a,b"},
                                             {"click", "b1", "--down", "--up"},
                                             {"click", "b1", "--button", "fourth"},
                                             {"move", "b1"},
                                             {"move", "b1", "1,2", "--duration", "0.0001s"},
                                             {"scroll", "b1"},
                                             {"scroll", "b1", "--down", "1001"},
                                             {"batch", "b1", "-"},
                                             {"screenshot", "b1", "--format", "gif"}}) {
    std::vector<std::string> all = {"computer"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto result = Run(all, "{\"no\": \"array\"}");
    EXPECT_EQ(result.exit_status, 2) << ::testing::PrintToString(arguments) << result.err;
    EXPECT_THAT(result.err, StartsWith("orchctl: computer"));
  }
}

TEST_F(OrchctlComputerTest, RunsAScriptAndPrintsAllThatComesBack) {
  const auto result = Run({"playwright", "run", "b1", "-", "--timeout", "2m"}, "code");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "printed\n\"code 120\"\n");
  EXPECT_EQ(result.err, "complained\n");
}

TEST_F(OrchctlComputerTest, AFailedScriptIsNamedAndGivesExitStatusOne) {
  const auto result = Run({"playwright", "run", "b1", "-"}, "throw");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "printed\n");
  EXPECT_THAT(result.err, HasSubstr("TypeError: no"));
  EXPECT_THAT(result.err, HasSubstr("script:2:7"));
  EXPECT_THAT(result.err, Not(HasSubstr("elsewhere")));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace orch::testing

#include "orchestrator/agent/process/parse_signal.h"

#include <csignal>

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;

TEST(ParseSignalTest, TakesNamesAndNumbers) {
  EXPECT_EQ(ParseSignal("TERM").value_or(0), SIGTERM);
  EXPECT_EQ(ParseSignal("SIGKILL").value_or(0), SIGKILL);
  EXPECT_EQ(ParseSignal("SYS").value_or(0), SIGSYS);
  EXPECT_EQ(ParseSignal("15").value_or(0), SIGTERM);
  EXPECT_EQ(ParseSignal("64").value_or(0), 64);
}

TEST(ParseSignalTest, RefusesTheRest) {
  for (const char* text : {"", "0", "65", "-9", "term", "SIGSIGTERM", "KILL ", "SIG"}) {
    EXPECT_THAT(ParseSignal(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace orch::agent

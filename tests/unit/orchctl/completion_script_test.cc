#include "orchestrator/orchctl/completion_script.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/subprocess.h"
#include "orchestrator/orchctl/command_line.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What bash would offer for the last of `words`, which may be "''".
std::string Complete(const std::string& words, int index) {
  testing::TempDir dir;
  const std::string script = dir.File("script");
  ORCH_EXPECT_OK(WriteFileAtomically(
      script, absl::StrCat("orchctl() { echo orchctl-$1-$2; }\n",
                           CompletionScript(CommandLine().app(), "bash"), "COMP_WORDS=(", words,
                           ")\nCOMP_CWORD=", index, "\n_orchctl\necho \" ${COMPREPLY[*]} \"\n")));
  const auto output = RunProgram({"bash", script}, absl::Seconds(30));
  ORCH_EXPECT_OK(output);
  return output.value_or("");
}

TEST(CompletionScriptTest, BashOffersSubcommands) {
  EXPECT_THAT(Complete("orchctl ''", 1), AllOf(HasSubstr(" browsers "), HasSubstr(" completion ")));
  EXPECT_THAT(Complete("orchctl browsers ''", 2),
              AllOf(HasSubstr(" create "), Not(HasSubstr(" exec "))));
  EXPECT_EQ(Complete("orchctl browsers cr", 2), " create \n");
}

TEST(CompletionScriptTest, BashOffersOptionsOfTheCommandAndOfAll) {
  EXPECT_THAT(
      Complete("orchctl browsers create --", 3),
      AllOf(HasSubstr(" --viewport "), HasSubstr(" --target "), Not(HasSubstr(" --state "))));
}

TEST(CompletionScriptTest, BashOffersValues) {
  EXPECT_EQ(Complete("orchctl browsers list --state ''", 4),
            " CREATING READY ACQUIRED STANDBY DELETING DELETED FAILED \n");
  EXPECT_EQ(Complete("orchctl node -o ''", 3), " table json \n");
  EXPECT_THAT(Complete("orchctl completion ''", 2), HasSubstr(" bash zsh fish "));
}

TEST(CompletionScriptTest, BashOffersBrowsersForIds) {
  EXPECT_THAT(Complete("orchctl browsers get ''", 3), HasSubstr(" orchctl-browsers-list "));
  EXPECT_EQ(Complete("orchctl process exec b1 -- ''", 5), "  \n");
}

TEST(CompletionScriptTest, BashOffersPools) {
  EXPECT_THAT(Complete("orchctl pools acquire ''", 3), HasSubstr(" orchctl-pools-list "));
  EXPECT_THAT(Complete("orchctl pools release p ''", 4), HasSubstr(" orchctl-browsers-list "));
}

TEST(CompletionScriptTest, BashOffersTemplates) {
  EXPECT_THAT(Complete("orchctl templates delete ''", 3), HasSubstr(" orchctl-templates-list "));
}

// clang-format once took the test apart, in a script that no test runs: zsh is not installed.
TEST(CompletionScriptTest, ZshTestsWhoCallsIt) {
  EXPECT_THAT(CompletionScript(CommandLine().app(), "zsh"),
              HasSubstr("\nif [[ $funcstack[1] == _orchctl ]]; then\n"));
}

TEST(CompletionScriptTest, EveryShellHasEveryCommand) {
  const CommandLine command_line;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = CompletionScript(command_line.app(), shell);
    for (const char* path : {"'node'", "'browsers watch'", "'pools acquire'", "'process stdin'",
                             "'computer screenshot'", "'playwright run'"}) {
      EXPECT_THAT(script, HasSubstr(path)) << shell;
    }
  }
}

}  // namespace
}  // namespace orch::ctl

#include "orchestrator/agent/playwright/runner_frames.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;

class RunnerFramesTest : public ::testing::Test {
 protected:
  absl::Status Feed(absl::string_view bytes) {
    return parser_.Feed(bytes, [this](RunnerFrame kind, absl::string_view payload) {
      frames_.push_back(absl::StrCat(std::string(1, static_cast<char>(kind)), ":", payload));
    });
  }

  RunnerFrameParser parser_;
  std::vector<std::string> frames_;
};

TEST_F(RunnerFramesTest, PutsFramesTogetherFromSingleBytes) {
  const std::string bytes("o\3\0\0\0abcr\0\0\0\0d\0\0\0\0", 18);
  for (const char byte : bytes) EXPECT_THAT(Feed(std::string(1, byte)), IsOk());
  EXPECT_THAT(frames_, ElementsAre("o:abc", "r:", "d:"));
}

TEST_F(RunnerFramesTest, TakesManyFramesAtOnce) {
  EXPECT_THAT(Feed(std::string("o\1\0\0\0xe\1\0\0\0yn", 13)), IsOk());
  EXPECT_THAT(frames_, ElementsAre("o:x", "e:y"));
}

TEST_F(RunnerFramesTest, RefusesUnknownKindsAndLargeFrames) {
  EXPECT_THAT(Feed("hello"), StatusIs(absl::StatusCode::kInvalidArgument));
  RunnerFrameParser parser;
  EXPECT_THAT(
      parser.Feed(absl::string_view("o\1\0\x20\0", 5), [](RunnerFrame, absl::string_view) {}),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FrameScriptTest, PutsTheSizeBefore) {
  EXPECT_EQ(FrameScript("ab"), std::string("\2\0\0\0ab", 6));
}

}  // namespace
}  // namespace orch::agent

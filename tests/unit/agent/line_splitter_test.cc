#include "orchestrator/agent/log/line_splitter.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch::agent {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Texts(const guest::v1::StreamLogResponse& response) {
  std::vector<std::string> texts;
  for (const auto& line : response.lines()) {
    texts.push_back(line.text() + (line.continued() ? "+" : ""));
  }
  return texts;
}

TEST(LineSplitterTest, PutsPiecesTogether) {
  LineSplitter splitter;
  guest::v1::StreamLogResponse response;
  splitter.Add("one\ntw", std::nullopt, response);
  EXPECT_THAT(Texts(response), ElementsAre("one"));
  splitter.Add("o\n\nthree", std::nullopt, response);
  EXPECT_THAT(Texts(response), ElementsAre("one", "two", ""));
  splitter.Flush(response);
  splitter.Flush(response);
  EXPECT_THAT(Texts(response), ElementsAre("one", "two", "", "three"));
}

TEST(LineSplitterTest, GivesALineTheTimeOfItsBeginning) {
  LineSplitter splitter;
  guest::v1::StreamLogResponse response;
  splitter.Add("old\nbe", std::nullopt, response);
  splitter.Add("gun\nnew\n", absl::FromUnixSeconds(7), response);
  ASSERT_EQ(response.lines_size(), 3);
  EXPECT_FALSE(response.lines(0).has_time());
  EXPECT_FALSE(response.lines(1).has_time());
  EXPECT_EQ(response.lines(2).time().seconds(), 7);
}

TEST(LineSplitterTest, CutsLinesThatAreTooLong) {
  constexpr size_t kMax = LineSplitter::kMaxLineBytes;
  LineSplitter splitter;
  guest::v1::StreamLogResponse response;
  // Exactly the largest is one line, whether its feed comes with it or later.
  splitter.Add(std::string(kMax, 'a') + "\n" + std::string(kMax, 'b'), std::nullopt, response);
  splitter.Add("\n" + std::string(kMax + 1, 'c') + "\n", std::nullopt, response);
  EXPECT_THAT(Texts(response), ElementsAre(std::string(kMax, 'a'), std::string(kMax, 'b'),
                                           std::string(kMax, 'c') + "+", "c"));
}

TEST(TailStartTest, FindsTheLastLines) {
  EXPECT_EQ(TailStart("a\nb\nc\n", 0), 6u);
  EXPECT_EQ(TailStart("a\nb\nc\n", 1), 4u);
  EXPECT_EQ(TailStart("a\nb\nc", 2), 2u);
  EXPECT_EQ(TailStart("a\nb\nc", 9), 0u);
  EXPECT_EQ(TailStart("\n\n", 1), 1u);
  EXPECT_EQ(TailStart("", 1), 0u);
}

}  // namespace
}  // namespace orch::agent

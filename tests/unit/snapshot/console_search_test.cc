#include "orchestrator/snapshot/console_search.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

// A log that a test writes.
class TextConsole : public VmConsole {
 public:
  absl::StatusOr<ConsoleChunk> Read(uint64_t offset, size_t max_bytes) override {
    largest_read = std::max(largest_read, max_bytes);
    if (offset > text.size()) offset = 0;
    return ConsoleChunk{
        .bytes = text.substr(offset, max_bytes), .offset = offset, .end = text.size()};
  }

  std::string text;
  size_t largest_read = 0;
};

class ConsoleSearchTest : public ::testing::Test {
 protected:
  bool Look() { return search_.Look().value(); }

  TextConsole console_;
  ConsoleSearch search_{console_, "ready"};
};

TEST_F(ConsoleSearchTest, FindsNothingInNothing) { EXPECT_FALSE(Look()); }

TEST_F(ConsoleSearchTest, FindsWhatMuchOutputFollows) {
  console_.text = "ready\n" + std::string(3 << 20, 'x');
  EXPECT_TRUE(Look());
  EXPECT_LE(console_.largest_read, size_t{64} << 10);
}

TEST_F(ConsoleSearchTest, FindsWhatMuchOutputPrecedes) {
  console_.text = std::string(3 << 20, 'x') + "ready";
  EXPECT_TRUE(Look());
}

TEST_F(ConsoleSearchTest, FindsWhatComesLaterAndInParts) {
  for (const char* part : {"not rea", "ly re", "a", "d"}) {
    console_.text += part;
    EXPECT_FALSE(Look()) << console_.text;
  }
  console_.text += "y";
  EXPECT_TRUE(Look());
}

TEST_F(ConsoleSearchTest, FindsWhatLiesAcrossChunks) {
  for (size_t before = (64 << 10) - 5; before <= 64 << 10; ++before) {
    TextConsole console;
    console.text = std::string(before, 'x') + "ready" + std::string(before, 'x');
    ConsoleSearch search(console, "ready");
    EXPECT_TRUE(search.Look().value()) << before;
  }
}

TEST_F(ConsoleSearchTest, BeginsAnewWhenTheLogIsCut) {
  console_.text = std::string(1000, 'x') + "rea";
  EXPECT_FALSE(Look());
  console_.text = "dy";
  EXPECT_FALSE(Look());
  console_.text += " ready";
  EXPECT_TRUE(Look());
}

TEST_F(ConsoleSearchTest, ReturnsNowAndThenFromALogWithoutEnd) {
  console_.text = std::string(ConsoleSearch::kMaxLookBytes, 'x') + "ready";
  EXPECT_FALSE(Look());
  EXPECT_TRUE(Look());
}

TEST_F(ConsoleSearchTest, FindsATextOfOneByte) {
  ConsoleSearch search(console_, ">");
  console_.text = "boot";
  EXPECT_FALSE(search.Look().value());
  console_.text += ">";
  EXPECT_TRUE(search.Look().value());
}

}  // namespace
}  // namespace orch

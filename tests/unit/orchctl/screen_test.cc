#include "orchestrator/orchctl/top/screen.h"

#include <fcntl.h>

#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/support/status_matchers.h"

namespace orch::ctl {
namespace {

using ::orch::testing::StatusIs;

TEST(ScreenTest, NeedsATerminal) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_THAT(Screen::Open(null.get(), null.get()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(RenderFrameTest, ErasesWhatIsRightOfLinesAndBelow) {
  EXPECT_EQ(RenderFrame({{"ab"}, {"c"}}, {.rows = 3, .columns = 10}),
            "\x1b[Hab\x1b[K\r\nc\x1b[K\r\n\x1b[J");
}

TEST(RenderFrameTest, CutsLinesAndLeavesTheLastCellAlone) {
  EXPECT_EQ(RenderFrame({{"abcd"}, {"ef"}}, {.rows = 2, .columns = 2}), "\x1b[Hab\r\nef");
}

TEST(RenderFrameTest, CutsWhatIsBelowTheScreen) {
  EXPECT_EQ(RenderFrame({{"a"}, {"b"}, {"c"}}, {.rows = 2, .columns = 9}),
            "\x1b[Ha\x1b[K\r\nb\x1b[K");
}

TEST(RenderFrameTest, EmptyScreenIsErased) {
  EXPECT_EQ(RenderFrame({}, {.rows = 2, .columns = 9}), "\x1b[H\x1b[J");
}

TEST(RenderFrameTest, BoldEndsWithItsLine) {
  EXPECT_EQ(RenderFrame({{"a", true}}, {.rows = 1, .columns = 9}), "\x1b[H\x1b[1ma\x1b[0m\x1b[K");
}

TEST(CutToWidthTest, CountsCodePoints) {
  EXPECT_EQ(CutToWidth("\xC3\xA4\xC3\xB6"
                       "b",
                       2),
            "\xC3\xA4\xC3\xB6");
  EXPECT_EQ(CutToWidth("ab", 2), "ab");
  EXPECT_EQ(CutToWidth("ab", 0), "");
}

}  // namespace
}  // namespace orch::ctl

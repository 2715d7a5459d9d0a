#include "orchestrator/orchctl/transfer/transfer_bar.h"

#include "gtest/gtest.h"

namespace orch::ctl {
namespace {

TEST(TransferBarTest, ShowsHowFarItIs) {
  EXPECT_EQ(TransferBar::Line("f", 0, 100, absl::ZeroDuration()),
            "[........................]   0%  0 B  0 B/s  f");
  EXPECT_EQ(TransferBar::Line("f", 2 << 20, 4 << 20, absl::Seconds(2)),
            "[############............]  50%  2.0 MiB  1.0 MiB/s  f");
  // A file that grows while it is sent.
  EXPECT_EQ(TransferBar::Line("f", 200, 100, absl::Seconds(1)),
            "[########################] 100%  200 B  200 B/s  f");
}

TEST(TransferBarTest, DoesWithoutATotal) {
  EXPECT_EQ(TransferBar::Line("\x1bname", 1024, 0, absl::Seconds(1)),
            "1.0 KiB  1.0 KiB/s  \\x1bname");
}

}  // namespace
}  // namespace orch::ctl

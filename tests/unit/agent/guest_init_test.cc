#include "orchestrator/agent/init/guest_init.h"

#include "gtest/gtest.h"

namespace orch::agent {
namespace {

constexpr char kMountInfo[] =
    "22 1 0:20 / / rw,relatime shared:1 - overlay overlay rw\n"
    "23 22 0:21 / /proc rw,nosuid - proc proc rw\n"
    "24 22 0:22 / /dev/pts rw - devpts devpts rw\n";

TEST(IsMountPointTest, KnowsMountPointsOnly) {
  EXPECT_TRUE(IsMountPoint(kMountInfo, "/"));
  EXPECT_TRUE(IsMountPoint(kMountInfo, "/proc"));
  EXPECT_TRUE(IsMountPoint(kMountInfo, "/dev/pts"));
  EXPECT_FALSE(IsMountPoint(kMountInfo, "/dev"));
  EXPECT_FALSE(IsMountPoint("", "/"));
}

}  // namespace
}  // namespace orch::agent

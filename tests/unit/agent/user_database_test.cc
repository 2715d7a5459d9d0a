#include "orchestrator/agent/child/user_database.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::ElementsAre;

constexpr char kPasswd[] =
    "root:x:0:0:root:/root:/bin/sh\n"
    "chromium:x:1000:1001::/home/chromium:/bin/bash\n";

TEST(UserDatabaseTest, FindsAUserWithItsGroups) {
  TempDir etc;
  ORCH_ASSERT_OK(WriteFileAtomically(etc.File("passwd"), kPasswd));
  ORCH_ASSERT_OK(WriteFileAtomically(etc.File("group"),
                                     "root:x:0:\nvideo:x:44:x,chromium\nchromium:x:1001:chromium\n"
                                     "audio:x:29:chromiumx\n"));
  ORCH_ASSERT_OK_AND_ASSIGN(User user, UserDatabase(etc.path()).Find("chromium"));
  EXPECT_EQ(user.uid, 1000u);
  EXPECT_EQ(user.gid, 1001u);
  EXPECT_EQ(user.home, "/home/chromium");
  EXPECT_EQ(user.shell, "/bin/bash");
  EXPECT_THAT(user.groups, ElementsAre(1001u, 44u));
}

TEST(UserDatabaseTest, DoesWithoutAGroupFile) {
  TempDir etc;
  ORCH_ASSERT_OK(WriteFileAtomically(etc.File("passwd"), kPasswd));
  ORCH_ASSERT_OK_AND_ASSIGN(User user, UserDatabase(etc.path()).Find("root"));
  EXPECT_THAT(user.groups, ElementsAre(0u));
}

TEST(UserDatabaseTest, SaysThatAUserIsUnknown) {
  TempDir etc;
  ORCH_ASSERT_OK(WriteFileAtomically(etc.File("passwd"), kPasswd));
  EXPECT_THAT(UserDatabase(etc.path()).Find("chrom"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace orch::agent

#include "orchestrator/orchctl/parse/remote_path.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/orchctl/parse/file_options.h"
#include "tests/support/status_matchers.h"

namespace orch::ctl {
namespace {

using ::orch::testing::StatusIs;

TEST(RemotePathTest, TellsLocalFromRemote) {
  for (const char* text : {"b1:/", "b1:/a:b", "abc_D-9://x"}) EXPECT_TRUE(IsRemotePath(text));
  for (const char* text :
       {"", "b1", "b1:", "b1:relative", ":/x", "./b1:/x", "/b1:/x", "b 1:/x", "C:\\x"}) {
    EXPECT_FALSE(IsRemotePath(text)) << text;
    EXPECT_THAT(ParseRemotePath(text), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(RemotePathTest, TakesPathsApart) {
  ORCH_ASSERT_OK_AND_ASSIGN(const RemotePath path, ParseRemotePath("b1:/a:/b\xff"));
  EXPECT_EQ(path.session_id, "b1");
  EXPECT_EQ(path.path, "/a:/b\xff");
}

TEST(RemotePathTest, ModesAreOctal) {
  EXPECT_EQ(ParseMode("755").value(), 0755u);
  EXPECT_EQ(ParseMode("0").value(), 0u);
  EXPECT_EQ(ParseMode("7777").value(), 07777u);
  for (const char* text : {"", "8", "10000", "u+x", "-1", " 7"}) {
    EXPECT_THAT(ParseMode(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace orch::ctl

#include "orchestrator/agent/filesystem/owner_names.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

class OwnerNamesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ORCH_ASSERT_OK(WriteFileAtomically(etc_.File("passwd"),
                                       "root:x:0:0:root:/root:/bin/sh\n"
                                       "toor:x:0:0::/root:/bin/sh\n"
                                       "malformed\n"
                                       "1234:x:77:77::/:/bin/sh\n"
                                       "chromium:x:1000:1001::/home/chromium:/bin/bash\n"));
    ORCH_ASSERT_OK(WriteFileAtomically(etc_.File("group"), "video:x:44:chromium\n"));
  }

  testing::TempDir etc_;
};

TEST_F(OwnerNamesTest, KnowsNamesOfIds) {
  const OwnerNames names(etc_.path());
  EXPECT_EQ(names.User(1000), "chromium");
  EXPECT_EQ(names.User(0), "root");
  EXPECT_EQ(names.User(1001), "");
  EXPECT_EQ(names.Group(44), "video");
  EXPECT_EQ(names.Group(1000), "");
}

TEST_F(OwnerNamesTest, FindsNamesBeforeNumbers) {
  const OwnerNames names(etc_.path());
  EXPECT_EQ(names.FindUser("chromium").value(), 1000u);
  EXPECT_EQ(names.FindUser("1234").value(), 77u);
  EXPECT_EQ(names.FindUser("1235").value(), 1235u);
  EXPECT_EQ(names.FindGroup("video").value(), 44u);
  EXPECT_THAT(names.FindGroup("chromium"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("group")));
  for (const char* text : {"", "-1", "4294967295", "99999999999", "0x1", " 1"}) {
    EXPECT_THAT(names.FindUser(text), StatusIs(absl::StatusCode::kNotFound, HasSubstr("owner")))
        << text;
  }
}

TEST_F(OwnerNamesTest, DoesWithoutTheFiles) {
  const OwnerNames names(etc_.File("nothing"));
  EXPECT_EQ(names.User(0), "");
  EXPECT_EQ(names.FindUser("0").value(), 0u);
}

}  // namespace
}  // namespace orch::agent

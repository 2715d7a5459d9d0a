#include "orchestrator/daemon/url_secret.h"

#include <sys/stat.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::HasSubstr;

TEST(UrlSecretTest, IsMadeOnceAndReadableByTheDaemonAlone) {
  const TempDir dir;
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string made, LoadUrlSecret(dir.File("secret")));
  EXPECT_GE(made.size(), 32u);
  EXPECT_THAT(LoadUrlSecret(dir.File("secret")), orch::testing::IsOkAndHolds(made));
  struct stat status = {};
  ASSERT_EQ(::stat(dir.File("secret").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string other, LoadUrlSecret(dir.File("other")));
  EXPECT_NE(made, other);
}

TEST(UrlSecretTest, RefusesAFileThatIsNone) {
  const TempDir dir;
  ORCH_ASSERT_OK(WriteFileAtomically(dir.File("secret"), "short"));
  EXPECT_THAT(LoadUrlSecret(dir.File("secret")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("remove it")));
  ORCH_ASSERT_OK(WriteFileAtomically(dir.File("secret"), std::string(1000, 'x')));
  EXPECT_FALSE(LoadUrlSecret(dir.File("secret")).ok());
}

}  // namespace
}  // namespace orch

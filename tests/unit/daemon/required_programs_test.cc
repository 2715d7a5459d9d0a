#include "orchestrator/daemon/required_programs.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/daemon/environment.h"

namespace orch {
namespace {

using ::orch::testing::Environment;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RequiredProgramsTest : public ::testing::Test {
 protected:
  void Install(const char* program, mode_t mode) {
    std::ofstream(dir_.File(program)) << "#!/bin/sh\n";
    ASSERT_EQ(::chmod(dir_.File(program).c_str(), mode), 0);
  }

  const TempDir dir_;
  const Environment path_{"PATH", "/does/not/exist:" + dir_.path()};
};

TEST_F(RequiredProgramsTest, AreFoundInAnyDirectoryOfPath) {
  Install("qemu-img", 0755);
  Install("mke2fs", 0755);
  ORCH_EXPECT_OK(CheckRequiredPrograms());
}

TEST_F(RequiredProgramsTest, AreNamedWithTheirPackageWhenMissing) {
  Install("mke2fs", 0755);
  EXPECT_THAT(CheckRequiredPrograms(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("qemu-img"), HasSubstr("package qemu-utils"),
                             HasSubstr(dir_.path()))));
  Install("qemu-img", 0755);
  Install("mke2fs", 0644);
  EXPECT_THAT(CheckRequiredPrograms(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("package e2fsprogs")));
}

}  // namespace
}  // namespace orch

#include "orchestrator/driver/libvirt/host_checks.h"

#include <sys/stat.h>

#include <fstream>

#include "orchestrator/driver/libvirt/qemu_conf.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;

VmUser Stranger() {
  return {.user = "stranger",
          .group = "+4000000",
          .ids = {.uid = 4'000'000, .gid = 4'000'000},
          .groups = {4'000'000}};
}

TEST(HostChecksTest, WritesVersionsAsPeopleDo) {
  EXPECT_EQ(FormatVersion(10'000'002), "10.0.2");
  EXPECT_EQ(FormatVersion(11'003'000), "11.3.0");
}

TEST(HostChecksTest, RefusesOldVersions) {
  ORCH_EXPECT_OK(CheckVersions(9'000'000, 9'001'000));
  EXPECT_THAT(CheckVersions(8'999'999, 9'001'000),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("libvirt is 8.999.999")));
  EXPECT_THAT(CheckVersions(9'000'000, 9'000'099),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("QEMU is 9.0.99")));
}

TEST(HostChecksTest, RefusesRootsWithoutRoomForSockets) {
  // 107 bytes are what a unix socket's path may have; libvirt adds 58.
  ORCH_EXPECT_OK(CheckEmbedRootPath("/" + std::string(48, 'x')));
  EXPECT_THAT(CheckEmbedRootPath("/" + std::string(49, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 49")));
}

TEST(HostChecksTest, RefusesRootsThatNeedQuoting) {
  EXPECT_THAT(CheckEmbedRootPath("relative"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckEmbedRootPath("/a?b&c"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(HostChecksTest, RefusesOwnersThatLibvirtWouldWriteOtherwise) {
  ORCH_EXPECT_OK(CheckOwner("/var/lib/a b<&'\">"));
  ORCH_EXPECT_OK(CheckOwner(std::string(1024, 'x')));
  for (const std::string& owner :
       {std::string(), std::string(1025, 'x'), std::string("a\nb"), std::string("/\xc3\xa9")}) {
    EXPECT_THAT(CheckOwner(owner),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("owner")));
  }
}

TEST(HostChecksTest, NamesAUserThatIsMissing) {
  EXPECT_THAT(FindVmUser("no-such-user"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no-such-user")));
}

TEST(HostChecksTest, NamesTheDirectoryThatTheUserMayNotEnter) {
  const TempDir dir;
  ASSERT_EQ(::mkdir(dir.File("open").c_str(), 0711), 0);
  ORCH_EXPECT_OK(CheckReachable(dir.File("open"), Stranger()));
  ASSERT_EQ(::chmod(dir.path().c_str(), 0700), 0);
  EXPECT_THAT(
      CheckReachable(dir.File("open"), Stranger()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chmod o+x " + dir.path())));
}

TEST(HostChecksTest, RefusesAKvmDeviceThatTheUserMayNotOpen) {
  const TempDir dir;
  const VmUser user = Stranger();
  ORCH_EXPECT_OK(CheckKvmAccess(dir.File("kvm"), user));
  std::ofstream(dir.File("kvm")) << "";
  ASSERT_EQ(::chmod(dir.File("kvm").c_str(), 0666), 0);
  ORCH_EXPECT_OK(CheckKvmAccess(dir.File("kvm"), user));
  ASSERT_EQ(::chmod(dir.File("kvm").c_str(), 0600), 0);
  EXPECT_THAT(CheckKvmAccess(dir.File("kvm"), user),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chmod 0660")));
}

TEST(QemuConfTest, NamesTheUserOnlyWhenThereIsOne) {
  EXPECT_THAT(BuildQemuConf("someone", "+7"), HasSubstr("user = \"someone\"\ngroup = \"+7\"\n"));
  EXPECT_THAT(BuildQemuConf("", ""), Not(HasSubstr("user")));
  EXPECT_THAT(BuildQemuConf("", ""), HasSubstr("seccomp_sandbox = 1\n"));
}

}  // namespace
}  // namespace orch

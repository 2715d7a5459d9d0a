// The daemon with machines of a libvirt daemon instead of its own libvirt.
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/e2e/daemon/daemon_process.h"
#include "tests/e2e/daemon/image_copy.h"
#include "tests/e2e/driver/system_libvirtd.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

const ::testing::Environment* const kSystemLibvirtd =
    ::testing::AddGlobalTestEnvironment(new SystemLibvirtdEnvironment);

class SystemLibvirtTest : public ::testing::Test {
 protected:
  std::string StateDir() const { return dir_.File("s"); }

  absl::StatusOr<std::unique_ptr<DaemonProcess>> Start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--libvirt-uri", "system", "--accelerator", "tcg"});
    return DaemonProcess::Start(StateDir(), arguments);
  }

  TempDir dir_;
};

TEST_F(SystemLibvirtTest, ABrowserRunsAndIsAdoptedAfterKillNine) {
  std::string id;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
    id = browser.session_id();
    ORCH_ASSERT_OK(daemon->Exec(id, {"sh", "-c", "echo kept > /tmp/mark"}));
    daemon->Kill();
  }
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const auto result, daemon->Exec(id, {"cat", "/tmp/mark"}));
  EXPECT_EQ(result.stdout(), "kept\n");
  ORCH_EXPECT_OK(daemon->Delete(id));
  EXPECT_TRUE(std::filesystem::is_empty(StateDir() + "/vms"));
  EXPECT_TRUE(std::filesystem::is_empty("/run/libvirt/qemu/channel"));
}

TEST_F(SystemLibvirtTest, AGuestThatIsNeverReadyIsShownByItsConsole) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ImageCopy image, ImageCopy::Make(dir_.File("images")));
  ORCH_ASSERT_OK(image.SetKernelCommandLine("loglevel=7 rdinit=/bin/sh"));
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon,
                            Start({"--image-dir", image.images(), "--boot-timeout", "10s"}));
  EXPECT_THAT(
      daemon->Create("minimal", true),
      StatusIs(absl::StatusCode::kDeadlineExceeded,
               AllOf(HasSubstr("last console lines:\n"), ContainsRegex("\n\\[ +[0-9.]+\\] "))));
  EXPECT_TRUE(std::filesystem::is_empty(StateDir() + "/vms"));
}

}  // namespace
}  // namespace orch::testing

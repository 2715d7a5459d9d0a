// A real daemon on a host that lacks something: it says what, and ends.
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class RefusedStartTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directory(Programs()); }

  // A directory for PATH.
  std::string Programs() const { return dir_.File("bin"); }

  // Puts a program of this host into it, under `name`.
  void Install(const std::string& program, const std::string& name) {
    ORCH_ASSERT_OK_AND_ASSIGN(
        const std::string path,
        RunProgram({"sh", "-c", absl::StrCat("command -v ", program)}, absl::Seconds(10)));
    fs::create_symlink(std::string(absl::StripAsciiWhitespace(path)), Programs() + "/" + name);
  }

  // Runs a daemon that is expected to end by itself.
  absl::Status RunDaemon(const std::string& state_dir, const std::string& path) {
    std::vector<std::string> argv = DaemonProcess::Command(state_dir);
    argv.insert(argv.begin(), {"/usr/bin/env", absl::StrCat("PATH=", path)});
    return RunProgram(argv, absl::Seconds(60)).status();
  }

  TempDir dir_;
};

TEST_F(RefusedStartTest, SaysWhatToInstallWhenQemuIsMissing) {
  ASSERT_NO_FATAL_FAILURE(Install("qemu-img", "qemu-img"));
  ASSERT_NO_FATAL_FAILURE(Install("mke2fs", "mke2fs"));
  const std::string state_dir = dir_.File("s");
  EXPECT_THAT(RunDaemon(state_dir, Programs()),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr("finds no QEMU"),
                             HasSubstr("package qemu-system-x86"))));
  EXPECT_FALSE(fs::exists(state_dir + "/orchestrator.sock"));
  EXPECT_TRUE(fs::is_empty(state_dir + "/vms"));
  // When it is installed, nothing is in the way of the next daemon.
  ORCH_EXPECT_OK(DaemonProcess::Start(state_dir));
}

TEST_F(RefusedStartTest, SaysWhatToInstallWhenQemusToolsAreMissing) {
  EXPECT_THAT(RunDaemon(dir_.File("s"), Programs()),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr("qemu-img"),
                             HasSubstr("package qemu-utils"))));
  EXPECT_FALSE(fs::exists(dir_.File("s")));
}

TEST_F(RefusedStartTest, SaysWhatToUpgradeWhenQemuIsTooOld) {
  ASSERT_NO_FATAL_FAILURE(Install("qemu-system-x86_64", "real-qemu"));
  // libvirt runs it as QEMU's user, who may not see our own.
  fs::copy_file(ORCH_OLD_QEMU, Programs() + "/qemu-system-x86_64");
  ASSERT_EQ(::chmod((Programs() + "/qemu-system-x86_64").c_str(), 0755), 0);
  const std::string state_dir = dir_.File("s");
  EXPECT_THAT(RunDaemon(state_dir, absl::StrCat(Programs(), ":", std::getenv("PATH"))),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr("QEMU is 7.2.0"),
                             HasSubstr("bookworm-backports"))));
  EXPECT_FALSE(fs::exists(state_dir + "/orchestrator.sock"));
  EXPECT_TRUE(fs::is_empty(state_dir + "/vms"));
}

TEST_F(RefusedStartTest, NamesTheDaemonThatUsesItsLibvirtRoot) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, DaemonProcess::Start(dir_.File("first")));
  fs::create_directory(dir_.File("second"));
  fs::create_directory_symlink(dir_.File("first/libvirt"), dir_.File("second/libvirt"));
  EXPECT_THAT(RunDaemon(dir_.File("second"), std::getenv("PATH")),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"),
                             HasSubstr(absl::StrCat("process ", first->pid(), " uses this")))));
  // The first one goes on.
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, first->Create("minimal", true));
  ORCH_EXPECT_OK(first->Delete(browser.session_id()));
}

}  // namespace
}  // namespace orch::testing

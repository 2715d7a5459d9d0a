#include "orchestrator/agent/lifecycle/guest_identity.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kId[] = "0123456789abcdef0123456789abcdef";

class GuestIdentityTest : public ::testing::Test {
 protected:
  GuestIdentityTest() { fs::create_directories(root_.File("etc")); }

  std::string Read(const std::string& name) {
    return ReadFile(root_.File(name), 1'000'000).value_or("(missing)");
  }
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(root_.File(name)).parent_path());
    ORCH_ASSERT_OK(WriteFileAtomically(root_.File(name), text));
  }

  testing::TempDir root_;
  std::string kernel_name_ = "browser";
  GuestIdentity identity_{{.root = root_.path(),
                           .hostname = [this] { return kernel_name_; },
                           .set_hostname =
                               [this](const std::string& name) {
                                 kernel_name_ = name;
                                 return absl::OkStatus();
                               }}};
};

TEST_F(GuestIdentityTest, WritesTheMachineId) {
  ORCH_ASSERT_OK(identity_.SetMachineId(kId));
  EXPECT_EQ(Read("etc/machine-id"), std::string(kId) + "\n");
  struct stat file;
  ASSERT_EQ(::stat(root_.File("etc/machine-id").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0644u);
}

TEST_F(GuestIdentityTest, ReplacesTheMachineIdAgainAndAgain) {
  Write("etc/machine-id", "old\n");
  // As an earlier attempt would leave it.
  Write("etc/machine-id.new", "half");
  for (int i = 0; i < 2; ++i) ORCH_ASSERT_OK(identity_.SetMachineId(kId));
  EXPECT_EQ(Read("etc/machine-id"), std::string(kId) + "\n");
  EXPECT_FALSE(fs::exists(root_.File("etc/machine-id.new")));
}

TEST_F(GuestIdentityTest, FollowsNoLinkThatTheGuestLeft) {
  Write("elsewhere", "precious");
  for (const char* name : {"etc/machine-id", "etc/machine-id.new"}) {
    fs::create_symlink(root_.File("elsewhere"), root_.File(name));
  }
  ORCH_ASSERT_OK(identity_.SetMachineId(kId));
  EXPECT_EQ(Read("elsewhere"), "precious");
  EXPECT_EQ(Read("etc/machine-id"), std::string(kId) + "\n");
}

TEST_F(GuestIdentityTest, WritesTheCopyOfDBusWhereThereIsOne) {
  ORCH_ASSERT_OK(identity_.SetMachineId(kId));
  EXPECT_FALSE(fs::exists(root_.File("var/lib/dbus/machine-id")));
  Write("var/lib/dbus/machine-id", "old\n");
  ORCH_ASSERT_OK(identity_.SetMachineId(kId));
  EXPECT_EQ(Read("var/lib/dbus/machine-id"), std::string(kId) + "\n");
}

TEST_F(GuestIdentityTest, SaysWhereItCannotWrite) {
  fs::create_directories(root_.File("etc/machine-id/x"));
  EXPECT_THAT(identity_.SetMachineId(kId),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("etc/machine-id")));
  EXPECT_FALSE(fs::exists(root_.File("etc/machine-id.new")));
}

TEST_F(GuestIdentityTest, SetsTheHostNameInKernelAndFiles) {
  Write("etc/hosts", "127.0.0.1 localhost\n127.0.1.1\tbrowser\n");
  ORCH_ASSERT_OK(identity_.SetHostname("b-1"));
  EXPECT_EQ(kernel_name_, "b-1");
  EXPECT_EQ(Read("etc/hostname"), "b-1\n");
  EXPECT_EQ(Read("etc/hosts"), "127.0.0.1 localhost\n127.0.1.1\tb-1\n");
}

TEST_F(GuestIdentityTest, SetsTheHostNameWithoutAHostsFile) {
  for (int i = 0; i < 2; ++i) ORCH_ASSERT_OK(identity_.SetHostname("b-1"));
  EXPECT_EQ(Read("etc/hostname"), "b-1\n");
  EXPECT_FALSE(fs::exists(root_.File("etc/hosts")));
}

TEST_F(GuestIdentityTest, LeavesAHostsFileThatIsTooLarge) {
  const std::string hosts(70'000, '#');
  Write("etc/hosts", hosts);
  ORCH_ASSERT_OK(identity_.SetHostname("b-1"));
  EXPECT_EQ(kernel_name_, "b-1");
  EXPECT_EQ(Read("etc/hosts"), hosts);
}

TEST(WithHostRenamedTest, ChangesWholeNamesOnly) {
  EXPECT_EQ(WithHostRenamed("127.0.1.1 a.lan a ab # a\n", "a", "new"),
            "127.0.1.1 a.lan new ab # a\n");
}

TEST(WithHostRenamedTest, LeavesAddresses) {
  EXPECT_EQ(WithHostRenamed("::1 x\n  fe80 fe80\n", "fe80", "new"), "::1 x\n  fe80 new\n");
}

TEST(WithHostRenamedTest, LeavesOtherTextAsItIs) {
  for (const std::string text : {"", "\n", "#a\n\n", "127.0.0.1", " \t \n", "1 b"}) {
    EXPECT_EQ(WithHostRenamed(text, "a", "new"), text);
  }
}

}  // namespace
}  // namespace orch::agent

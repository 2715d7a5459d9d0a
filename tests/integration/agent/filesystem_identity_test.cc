#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "absl/synchronization/notification.h"

#include "orchestrator/agent/filesystem/scoped_identity.h"
#include "tests/integration/agent/filesystem_fixture.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::HasSubstr;
using Stub = guest::v1::FileSystemService::Stub;
namespace v1 = ::guest::v1;

class FileSystemIdentityTest : public FileSystemFixture {};

TEST_F(FileSystemIdentityTest, ReachesWhatRootReachesByDefault) {
  std::filesystem::create_directory(Path("locked"));
  Put(Path("locked/f"), "secret");
  ::chmod(Path("locked/f").c_str(), 0);
  ::chmod(Path("locked").c_str(), 0);
  const auto read = Read(About<v1::ReadFileRequest>(Path("locked/f")));
  ORCH_ASSERT_OK(read);
  EXPECT_EQ(*read, "secret");
  ORCH_EXPECT_OK(Write(Path("locked/g"), "1"));
  EXPECT_EQ(Look(Path("locked/g")).st_uid, Uid(kDefaultUser));
}

TEST_F(FileSystemIdentityTest, ReachesWhatTheUserReachesWhenOneIsNamed) {
  Put(Path("f"), "secret");
  ::chmod(Path("f").c_str(), 0600);
  EXPECT_THAT(Read(About<v1::ReadFileRequest>(Path("f"), kOtherUser)),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("/f")));
  EXPECT_THAT(Write(About<v1::WriteFileRequest>(Path("f"), kOtherUser), "1"),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Write(About<v1::WriteFileRequest>(Path("new"), kOtherUser), "1"),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(
      Call(&Stub::CreateDirectory, About<v1::CreateDirectoryRequest>(Path("d"), kOtherUser)),
      StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Call(&Stub::DeleteFile, About<v1::DeleteFileRequest>(Path("f"), kOtherUser)),
              StatusIs(absl::StatusCode::kPermissionDenied));
  auto move = About<v1::MoveRequest>(Path("f"), kOtherUser);
  move.set_destination(Path("g"));
  EXPECT_THAT(Call(&Stub::Move, move), StatusIs(absl::StatusCode::kPermissionDenied));
  auto permissions = About<v1::SetPermissionsRequest>(Path("f"), kOtherUser);
  permissions.set_mode(0777);
  EXPECT_THAT(Call(&Stub::SetPermissions, permissions),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(Contents(Path("f")), "secret");
  EXPECT_EQ(ModeOf(Path("f")), 0600u);
}

TEST_F(FileSystemIdentityTest, CreatesFilesOfTheUser) {
  ::chmod(dir_.path().c_str(), 0777);
  ORCH_ASSERT_OK(Write(About<v1::WriteFileRequest>(Path("f"), kOtherUser), "1"));
  EXPECT_EQ(Look(Path("f")).st_uid, Uid(kOtherUser));
  ORCH_ASSERT_OK(Write(About<v1::WriteFileRequest>(Path("r"), "root"), "1"));
  EXPECT_EQ(Look(Path("r")).st_uid, 0u);
  EXPECT_EQ(Look(Path("r")).st_gid, 0u);
  // Who replaces another's file atomically, owns the new one.
  auto request = About<v1::WriteFileRequest>(Path("r"), kOtherUser);
  request.set_atomic(true);
  ORCH_ASSERT_OK(Write(request, "2"));
  EXPECT_EQ(Look(Path("r")).st_uid, Uid(kOtherUser));
}

TEST_F(FileSystemIdentityTest, CountsTheGroupsOfTheUser) {
  Put(Path("f"), "1");
  ASSERT_EQ(::chown(Path("f").c_str(), 0, users_.Find(kOtherUser).value().gid), 0);
  ::chmod(Path("f").c_str(), 0040);
  ORCH_EXPECT_OK(Read(About<v1::ReadFileRequest>(Path("f"), kOtherUser)));
  EXPECT_THAT(Read(About<v1::ReadFileRequest>(Path("f"), kDefaultUser)),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(FileSystemIdentityTest, GivesAUserNoneOfTheAgentsWaysIntoProcesses) {
  // A process of root.
  char program[] = "/bin/sleep";
  char forever[] = "1000";
  char* argv[] = {program, forever, nullptr};
  char* environment[] = {nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, program, nullptr, nullptr, argv, environment), 0);
  const std::string path = "/proc/" + std::to_string(child) + "/environ";
  EXPECT_THAT(Read(About<v1::ReadFileRequest>(path, kOtherUser)),
              StatusIs(absl::StatusCode::kPermissionDenied));
  ORCH_EXPECT_OK(Read(About<v1::ReadFileRequest>(path)));
  // Nor into the agent itself.
  EXPECT_THAT(Read(About<v1::ReadFileRequest>("/proc/self/environ", kOtherUser)),
              StatusIs(absl::StatusCode::kPermissionDenied));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(FileSystemIdentityTest, SaysThatAUserIsUnknown) {
  EXPECT_THAT(Read(About<v1::ReadFileRequest>(Path("f"), "no-such-user")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("as_user")));
  EXPECT_THAT(Read(About<v1::ReadFileRequest>(Path("f"), std::string(257, 'u'))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256")));
}

TEST_F(FileSystemIdentityTest, ServesManyUsersAtOnce) {
  ::chmod(dir_.path().c_str(), 0777);
  Put(Path("secret"), "1");
  ::chmod(Path("secret").c_str(), 0600);
  std::vector<std::thread> threads;
  for (const std::string user : {"", "root", kOtherUser, kDefaultUser}) {
    threads.emplace_back([this, user] {
      const uid_t uid = Uid(user.empty() ? kDefaultUser : user);
      for (int i = 0; i < 100; ++i) {
        const std::string path = Path("f-" + user + std::to_string(i));
        ORCH_EXPECT_OK(Write(About<v1::WriteFileRequest>(path, user), "1"));
        EXPECT_EQ(Look(path).st_uid, uid) << user;
        const bool may = user.empty() || user == "root";
        EXPECT_EQ(Read(About<v1::ReadFileRequest>(Path("secret"), user)).ok(), may) << user;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(FileSystemIdentityTest, RefusesLinksAnywhereWhenAsked) {
  std::filesystem::create_directory(Path("d"));
  Put(Path("d/f"), "1");
  std::filesystem::create_symlink("f", Path("d/l"));
  std::filesystem::create_directory_symlink("d", Path("e"));
  for (const std::string path : {"d/l", "e/f"}) {
    auto read = About<v1::ReadFileRequest>(Path(path));
    ORCH_EXPECT_OK(Read(read));
    read.set_no_symlinks(true);
    EXPECT_THAT(Read(read), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
    auto write = About<v1::WriteFileRequest>(Path(path));
    write.set_no_symlinks(true);
    EXPECT_THAT(Write(write, "2"), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  auto read = About<v1::ReadFileRequest>(Path("d/f"));
  read.set_no_symlinks(true);
  ORCH_EXPECT_OK(Read(read));
  auto stat = About<v1::StatFileRequest>(Path("d/l"));
  stat.set_no_symlinks(true);
  ORCH_EXPECT_OK(Call(&Stub::StatFile, stat));
  auto remove = About<v1::DeleteFileRequest>(Path("e/f"));
  remove.set_no_symlinks(true);
  EXPECT_THAT(Call(&Stub::DeleteFile, remove), StatusIs(absl::StatusCode::kFailedPrecondition));
  auto create = About<v1::CreateDirectoryRequest>(Path("e/x/y"));
  create.set_no_symlinks(true);
  create.set_parents(true);
  EXPECT_THAT(Call(&Stub::CreateDirectory, create),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ScopedIdentityTest, ComesBackAsItWas) {
  const User user = UserDatabase("/etc").Find("daemon").value();
  std::thread([&user] {
    {
      const auto identity = ScopedIdentity::Assume(user, ScopedIdentity::Reach::kUser);
      ORCH_ASSERT_OK(identity);
      EXPECT_EQ(::geteuid(), user.uid);
      EXPECT_EQ(::getegid(), user.gid);
      EXPECT_EQ(::open("/etc/shadow", O_RDONLY), -1);
    }
    EXPECT_EQ(::geteuid(), 0u);
    EXPECT_EQ(::getegid(), 0u);
    const UniqueFd shadow(::open("/etc/shadow", O_RDONLY));
    EXPECT_TRUE(shadow.valid());
  }).join();
}

TEST(ScopedIdentityTest, LeavesOtherThreadsAlone) {
  const User user = UserDatabase("/etc").Find("daemon").value();
  absl::Notification assumed;
  absl::Notification looked;
  std::thread other([&] {
    const auto identity = ScopedIdentity::Assume(user, ScopedIdentity::Reach::kUser);
    EXPECT_THAT(identity, IsOk());
    EXPECT_EQ(::geteuid(), user.uid);
    assumed.Notify();
    looked.WaitForNotification();
  });
  assumed.WaitForNotification();
  EXPECT_EQ(::geteuid(), 0u);
  looked.Notify();
  other.join();
}

}  // namespace
}  // namespace orch::agent

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/subprocess.h"
#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = ::std::filesystem;

class OrchctlFsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0u) << "the agent's file service needs root";
    fs::create_directory(guest());
    fs::create_directory(local());
  }

  std::string guest() const { return dir_.File("guest"); }
  std::string local() const { return dir_.File("local"); }
  std::string Guest(const std::string& name) const { return guest() + "/" + name; }
  std::string Local(const std::string& name) const { return local() + "/" + name; }
  // The same as a client names it.
  std::string Remote(const std::string& name) const { return "b1:" + Guest(name); }

  OrchctlProcess::Result Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "fs");
    return RunOrchctl(daemon_.target(), arguments, input);
  }

  static void Put(const std::string& path, const std::string& contents) {
    std::ofstream(path) << contents;
  }
  static std::string Contents(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  static absl::StatusOr<std::string> Shell(const std::string& script) {
    return RunProgram({"bash", "-c", script}, absl::Seconds(60));
  }

  FakeDaemon daemon_;
  TempDir dir_;
};

TEST_F(OrchctlFsTest, LsListsADirectory) {
  Put(Guest("f"), "12345");
  fs::create_directory(Guest("d"));
  Put(Guest("d/below"), "");
  fs::create_symlink("f", Guest("l"));
  ::chmod(Guest("f").c_str(), 04750);
  const auto result = Run({"ls", Remote("")});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("-rwsr-x---"), HasSubstr("5 B"), HasSubstr("l -> f\n"),
                                HasSubstr("drwxr-xr-x"), Not(HasSubstr("below"))));
  EXPECT_THAT(Run({"ls", "-R", Remote("")}).out, HasSubstr("d/below\n"));
  EXPECT_THAT(Run({"ls", Remote("f")}).out, HasSubstr("-rwsr-x---"));
}

TEST_F(OrchctlFsTest, LsWritesJsonAlsoOfNamesThatAreNotText) {
  EXPECT_EQ(Run({"ls", "-o", "json", Remote("")}).out, "[]\n");
  Put(Guest("a\"b\n"), "1");
  Put(Guest("\xff"), "1");
  const auto result = Run({"ls", "-o", "json", Remote("")});
  Put(Local("json"), result.out);
  const auto names = Shell(absl::StrCat(
      "python3 -c \"import json,base64; l=json.load(open('", Local("json"),
      "')); print([f['name'] for f in l], base64.b64decode(l[1]['name_base64']), l[0]['mode'], "
      "l[0]['size_bytes'])\""));
  ORCH_ASSERT_OK(names);
  EXPECT_EQ(*names, "['a\"b\\n', '\xef\xbf\xbd'] b'\\xff' 0644 1\n");
}

TEST_F(OrchctlFsTest, LsReadsAllPages) {
  for (int i = 0; i < 2500; ++i) Put(Guest(absl::StrCat(i)), "");
  const auto result = Run({"ls", Remote("")});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2501);
}

TEST_F(OrchctlFsTest, StatTellsLinksApart) {
  Put(Guest("f"), "123");
  fs::create_symlink("f", Guest("l"));
  EXPECT_THAT(Run({"stat", Remote("l")}).out, AllOf(HasSubstr("SYMLINK"), HasSubstr("TARGET")));
  EXPECT_THAT(Run({"stat", "-L", Remote("l")}).out,
              AllOf(HasSubstr("REGULAR"), HasSubstr("3 bytes"), HasSubstr("root (0)")));
  EXPECT_THAT(Run({"stat", "-o", "json", Remote("l")}).out, HasSubstr("\"symlink_target\": \"f\""));
}

TEST_F(OrchctlFsTest, CatPassesBytesThrough) {
  const std::string bytes("a\0\xff\n", 4);
  Put(Guest("f"), bytes);
  EXPECT_EQ(Run({"cat", Remote("f")}).out, bytes);
  EXPECT_EQ(Run({"cat", "--offset", "1", "--length", "2", Remote("f")}).out, bytes.substr(1, 2));
  const auto missing = Run({"cat", Remote("missing")});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("fs cat"), HasSubstr("NOT_FOUND")));
  EXPECT_EQ(Run({"cat", "-o", "json", Remote("f")}).exit_status, 2);
}

TEST_F(OrchctlFsTest, CpCopiesFilesBothWays) {
  std::string contents(3'000'000, 'x');
  contents += "end";
  Put(Local("f"), contents);
  const auto up = Run({"cp", "-m", "600", Local("f"), Remote("g")});
  EXPECT_EQ(up.exit_status, 0) << up.err;
  EXPECT_THAT(up.out, HasSubstr("2.9 MiB"));
  EXPECT_TRUE(Contents(Guest("g")) == contents);
  EXPECT_EQ(ModeOf(Guest("g")), 0600u);
  const auto down = Run({"cp", "-o", "json", Remote("g"), Local("h")});
  EXPECT_EQ(down.exit_status, 0) << down.err;
  EXPECT_THAT(down.out, HasSubstr("\"bytes\": 3000003"));
  EXPECT_TRUE(Contents(Local("h")) == contents);
}

TEST_F(OrchctlFsTest, CpCopiesIntoDirectories) {
  Put(Local("f"), "1");
  fs::create_directory(Guest("d"));
  EXPECT_EQ(Run({"cp", Local("f"), Remote("d")}).exit_status, 0);
  EXPECT_EQ(Contents(Guest("d/f")), "1");
  EXPECT_EQ(Run({"cp", "-p", Local("f"), Remote("new/e/")}).exit_status, 0);
  EXPECT_EQ(Contents(Guest("new/e/f")), "1");
  fs::create_directory(Local("e"));
  EXPECT_EQ(Run({"cp", Remote("d/f"), Local("e")}).exit_status, 0);
  EXPECT_EQ(Contents(Local("e/f")), "1");
}

TEST_F(OrchctlFsTest, CpReadsStandardInputAndWritesStandardOutput) {
  EXPECT_EQ(Run({"cp", "-", Remote("f")}, "typed").exit_status, 0);
  EXPECT_EQ(Run({"cp", Remote("f"), "-"}).out, "typed");
  EXPECT_EQ(Run({"cp", "-", Remote("empty")}).exit_status, 0);
  EXPECT_EQ(Contents(Guest("empty")), "");
}

TEST_F(OrchctlFsTest, CpCopiesDirectoriesBothWays) {
  fs::create_directories(Local("d/e/empty"));
  Put(Local("d/e/f"), std::string(1'000'000, 'x'));
  Put(Local("d/\xff"), "1");
  ::chmod(Local("d/e/f").c_str(), 0750);
  fs::create_symlink("/nowhere", Local("d/l"));
  EXPECT_EQ(Run({"cp", Local("d"), Remote("")}).exit_status, 1);
  const auto up = Run({"cp", "-r", Local("d"), Remote("")});
  EXPECT_EQ(up.exit_status, 0) << up.err;
  EXPECT_THAT(up.out, HasSubstr("5 files"));
  const auto down = Run({"cp", "-r", Remote("d"), Local("back")});
  EXPECT_EQ(down.exit_status, 0) << down.err;
  const std::string list = " && find . -printf '%P %y %m %l\\n' | sort";
  const auto before = Shell(absl::StrCat("cd ", Local("d"), list));
  ORCH_ASSERT_OK(before);
  EXPECT_EQ(*before, *Shell(absl::StrCat("cd ", Local("back"), list)));
  EXPECT_TRUE(Contents(Local("back/e/f")) == Contents(Local("d/e/f")));
  struct stat info = {};
  ASSERT_EQ(::lstat(Guest("d/e/f").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, agent::UserDatabase("/etc").Find("nobody").value().uid);
}

TEST_F(OrchctlFsTest, CpTakesNoDangerFromAGuest) {
  fs::create_directory(Guest("d"));
  Put(Guest("d/suid"), "1");
  ::chmod(Guest("d/suid").c_str(), 06755);
  Put(Guest("d/f"), "new");
  fs::create_directory(Local("back"));
  Put(Local("precious"), "old");
  fs::create_symlink("../precious", Local("back/f"));
  const auto result = Run({"cp", "-r", Remote("d/"), Local("back/..")});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  fs::rename(Local("d"), Local("d2"));
  EXPECT_EQ(ModeOf(Local("d2/suid")), 0755u);
  fs::create_directories(Local("back/d"));
  fs::create_symlink("../../precious", Local("back/d/f"));
  EXPECT_EQ(Run({"cp", "-r", Remote("d"), Local("back")}).exit_status, 0);
  EXPECT_EQ(Contents(Local("precious")), "old");
  EXPECT_EQ(Contents(Local("back/d/f")), "new");
}

TEST_F(OrchctlFsTest, CpLeavesTheLocalFileAloneWhenItFails) {
  Put(Local("f"), "old");
  EXPECT_EQ(Run({"cp", Remote("missing"), Local("f")}).exit_status, 1);
  EXPECT_EQ(Contents(Local("f")), "old");
  EXPECT_EQ(Run({"cp", Remote("f"), Local("no/such/directory")}).exit_status, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(local()), fs::directory_iterator()), 1);
}

TEST_F(OrchctlFsTest, CpChecksWhatWasTyped) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"cp", "a", "b"},
                                             {"cp", Remote("a"), Remote("b")},
                                             {"cp", "-m", "888", "a", Remote("b")},
                                             {"cp", "--atomic", Remote("a"), "b"},
                                             {"cp", "-r", "-", Remote("b")},
                                             {"ls", "b1"},
                                             {"ls", "b1:relative"},
                                             {"chmod", "9", Remote("a")},
                                             {"chmod", "-", Remote("a")},
                                             {"mv", Remote("a"), "b2:/a"},
                                             {"mv", Remote("a"), "relative"}}) {
    const auto result = Run(arguments);
    EXPECT_EQ(result.exit_status, 2) << absl::StrCat(arguments[0], " ", arguments[1]);
  }
}

TEST_F(OrchctlFsTest, MvMovesAndReplacesWhenForced) {
  Put(Guest("f"), "new");
  Put(Guest("g"), "old");
  const auto refused = Run({"mv", Remote("f"), Guest("g")});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("ALREADY_EXISTS"));
  EXPECT_EQ(Run({"mv", "-f", Remote("f"), Remote("g")}).exit_status, 0);
  EXPECT_EQ(Contents(Guest("g")), "new");
  fs::create_directory(Guest("d"));
  EXPECT_EQ(Run({"mv", Remote("g"), Guest("d")}).out, Guest("d/g") + "\n");
}

TEST_F(OrchctlFsTest, RmDeletesEachAndSaysWhichItCannot) {
  Put(Guest("f"), "");
  fs::create_directories(Guest("d/e"));
  const auto result = Run({"rm", Remote("d"), Remote("missing"), Remote("f")});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("NOT_FOUND")));
  EXPECT_FALSE(fs::exists(Guest("f")));
  EXPECT_TRUE(fs::exists(Guest("d")));
  EXPECT_EQ(Run({"rm", "-r", Remote("d")}).exit_status, 0);
  EXPECT_FALSE(fs::exists(Guest("d")));
}

TEST_F(OrchctlFsTest, MkdirAndChmodSetModesAndOwners) {
  EXPECT_EQ(Run({"mkdir", "-p", "-m", "700", Remote("a/b"), Remote("c")}).exit_status, 0);
  EXPECT_EQ(ModeOf(Guest("a/b")), 0700u);
  EXPECT_EQ(Run({"mkdir", Remote("c")}).exit_status, 1);
  const auto result = Run({"chmod", "-o", "json", "711", Remote("a/b"), "--owner", "daemon"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"mode\": \"0711\""), HasSubstr("\"daemon\"")));
  EXPECT_EQ(Run({"chmod", "-", Remote("a"), "-R", "--group", "7"}).exit_status, 0);
  EXPECT_THAT(Run({"stat", Remote("a/b")}).out, HasSubstr("(7)"));
}

TEST_F(OrchctlFsTest, ActsAsTheUserThatIsNamed) {
  ::chmod(guest().c_str(), 0700);
  const auto result = Run({"mkdir", "-u", "daemon", Remote("d")});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("PERMISSION_DENIED"));
}

TEST_F(OrchctlFsTest, WatchPrintsChangesUntilTheDirectoryIsGone) {
  OrchctlProcess watch(daemon_.target(), {"fs", "watch", "-R", Remote("")});
  EXPECT_THAT(watch.ReadErrorLine(), HasSubstr("watching"));
  fs::create_directory(Guest("d"));
  EXPECT_EQ(watch.ReadLine(), "CREATE  " + Guest("d") + "/\n");
  Put(Guest("d/f"), "");
  EXPECT_EQ(watch.ReadLine(), "CREATE  " + Guest("d/f") + "\n");
  fs::rename(Guest("d/f"), Guest("d/\x1b"));
  EXPECT_EQ(watch.ReadLine(), "RENAME  " + Guest("d/f") + " -> " + Guest("d/\\x1b") + "\n");
  fs::remove_all(guest());
  const auto result = watch.Finish();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("DELETE  " + guest() + "/\n"));
}

TEST_F(OrchctlFsTest, ZipPacksAndUnpacks) {
  fs::create_directories(Guest("d/e"));
  Put(Guest("d/e/f"), "contents");
  for (const std::string name : {"a.zip", "a.tar", "a.tar.zst", "a.tgz"}) {
    const auto packed = Run({"zip", Remote("d"), Local(name)});
    EXPECT_EQ(packed.exit_status, 0) << packed.err;
    EXPECT_THAT(packed.out, HasSubstr("2 files, 8 B"));
    const auto unpacked = Run({"zip", "-p", Local(name), Remote("out/" + name)});
    EXPECT_EQ(unpacked.exit_status, 0) << unpacked.err;
    EXPECT_EQ(Contents(Guest("out/" + name + "/e/f")), "contents");
  }
  ORCH_EXPECT_OK(
      Shell(absl::StrCat("cd ", local(), " && python3 -m zipfile -t a.zip && tar tf a.tgz")));
  const auto piped = Run({"zip", "--format", "tar", Remote("d"), "-"});
  EXPECT_TRUE(piped.out == Contents(Local("a.tar")));
  EXPECT_EQ(Run({"zip", "--format", "tar", "-", Remote("d")}, "no archive").exit_status, 1);
}

}  // namespace
}  // namespace orch::testing

// Files of a real guest, through a real daemon and orchctl, with the minimal image.
#include <cstdint>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class GuestFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto daemon = DaemonProcess::Start(dir_.File("s"));
    ORCH_ASSERT_OK(daemon);
    daemon_ = *std::move(daemon);
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon_->Create("minimal", true));
    id_ = browser.session_id();
  }

  std::string In(const std::string& path) const { return absl::StrCat(id_, ":", path); }

  absl::StatusOr<std::string> Orchctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {ORCH_ORCHCTL_BINARY, "--target", daemon_->target()});
    return RunProgram(arguments, absl::Seconds(120));
  }

  // What a shell of this host, or of the guest, prints.
  static std::string Local(const std::string& script) {
    return RunProgram({"bash", "-c", script}, absl::Seconds(60)).value_or("failed");
  }
  std::string Guest(const std::string& script) const {
    const auto result = daemon_->Exec(id_, {"sh", "-c", script});
    ORCH_EXPECT_OK(result);
    return result.ok() ? result->stdout() : "failed";
  }

  static std::string Hash(const std::string& path) {
    return std::vector<std::string>(absl::StrSplit(Local("sha256sum " + path), ' '))[0];
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::string id_;
};

TEST_F(GuestFilesTest, CopiesSixtyFourMebibytesBothWays) {
  std::mt19937_64 noise(1);
  {
    std::ofstream file(dir_.File("in"), std::ios::binary);
    for (int i = 0; i < (64 << 20) / 8; ++i) {
      const uint64_t word = noise();
      file.write(reinterpret_cast<const char*>(&word), sizeof word);
    }
  }
  ORCH_ASSERT_OK(Orchctl({"fs", "cp", dir_.File("in"), In("/home/chromium/file")}));
  const std::string hash = Hash(dir_.File("in"));
  EXPECT_THAT(Guest("sha256sum /home/chromium/file"), HasSubstr(hash));
  EXPECT_EQ(Guest("stat -c '%U %a' /home/chromium/file"), "chromium 644\n");
  ORCH_ASSERT_OK(Orchctl({"fs", "cp", In("/home/chromium/file"), dir_.File("out")}));
  EXPECT_EQ(Hash(dir_.File("out")), hash);
}

TEST_F(GuestFilesTest, CarriesAZipOfTenThousandFilesBothWays) {
  // Names, modes, links and contents of all below a directory; busybox has the same programs.
  const std::string inventory =
      " && { find . -type f | xargs sha256sum; find . | xargs stat -c '%n %F %a';"
      " find . -type l -exec readlink {} ';'; } | sort | sha256sum";
  EXPECT_EQ(Local(absl::StrCat("mkdir ", dir_.File("in"), " && cd ", dir_.File("in"),
                               " && for d in {0..99}; do mkdir $d; for f in {0..99}; do"
                               " echo $d.$f.$RANDOM >$d/$f; done; chmod 600 $d/7; ln -s 7 $d/l;"
                               " done; cd .. && tar -cf in.tar -C in .")),
            "");
  ORCH_ASSERT_OK(Orchctl({"fs", "zip", "-p", dir_.File("in.tar"), In("/home/chromium/a")}));
  ORCH_ASSERT_OK(Orchctl({"fs", "zip", In("/home/chromium/a"), dir_.File("a.zip")}));
  ORCH_ASSERT_OK(Orchctl({"fs", "zip", "-p", dir_.File("a.zip"), In("/home/chromium/b")}));
  ORCH_ASSERT_OK(Orchctl({"fs", "cp", "-r", In("/home/chromium/b"), dir_.File("out")}));
  const std::string hash = Local(absl::StrCat("cd ", dir_.File("in"), inventory));
  ASSERT_THAT(hash, EndsWith("  -\n"));
  EXPECT_EQ(Local(absl::StrCat("cd ", dir_.File("out"), inventory)), hash);
  EXPECT_EQ(Guest("cd /home/chromium/b/" + inventory), hash);
  EXPECT_EQ(Guest("find /home/chromium/b -type f | wc -l"), "10000\n");
}

TEST_F(GuestFilesTest, LetsTheDefaultUserWriteWhereItMadeADirectory) {
  ORCH_ASSERT_OK(Orchctl({"fs", "mkdir", In("/srv-downloads")}));
  EXPECT_EQ(Guest("echo kept >/srv-downloads/f && cat /srv-downloads/f"), "kept\n");
  ORCH_EXPECT_OK(Orchctl({"fs", "chmod", "600", "--owner", "root", In("/srv-downloads/f")}));
  EXPECT_THAT(Orchctl({"fs", "cat", In("/srv-downloads/f")}).value_or("failed"), HasSubstr("kept"));
  EXPECT_THAT(Orchctl({"fs", "cat", "--user", "chromium", In("/srv-downloads/f")}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("PERMISSION_DENIED")));
}

}  // namespace
}  // namespace orch::testing
